#!/usr/bin/env node
// Committed, and only an import of the build, so that npm links the command at `npm ci`, before anything is built.
import '../dist/main.js';
