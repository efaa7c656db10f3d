import type { Directory, RosterListing } from './directory.js';

/** A plain page of every group's ranks; it asks for itself anew every two seconds. */
export function rankPage(directory: Directory): string {
  const tables = directory.groups().map(({ group }) => groupTable(directory.roster(group)));
  const body = tables.length > 0 ? tables.join('\n') : '<p>Nobody has joined yet.</p>';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="2">
<title>rankd</title>
<link rel="stylesheet" href="/page.css">
</head>
<body>
<h1>rankd</h1>
${body}
<p class="links"><a href="/metrics">metrics</a> <a href="/ranks">text</a> <a href="/api/groups">json</a></p>
</body>
</html>
`;
}

/** Where there is a token, this page has none to show: whoever reads the data sends it along. */
export const closedPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>rankd</title><link rel="stylesheet" href="/page.css"></head>
<body><h1>rankd</h1><p>This side port asks for a token: <code>curl -H 'Authorization: Bearer …' …/ranks</code></p></body>
</html>
`;

export const rankPageStyle = `
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #8884; font-variant-numeric: tabular-nums; }
tbody tr:first-child { font-weight: 600; }
caption { text-align: left; padding: .5rem 0; opacity: .8; }
.links a { margin-right: 1rem; }
`;

function groupTable(listing: RosterListing | undefined): string {
  if (listing === undefined) return '';
  const rows = listing.members.map(
    ({ rank, name, slot, address, joinedAt }) =>
      `<tr><td>${rank}</td><td>${escapeHtml(name)}</td><td>${slot}</td><td>${escapeHtml(address)}</td><td>${joinedAt}</td></tr>`,
  );
  return `<table>
<caption>group ${escapeHtml(listing.group)}: ${listing.size} members, view ${listing.view}</caption>
<thead><tr><th>rank</th><th>name</th><th>slot</th><th>address</th><th>joined</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.codePointAt(0) ?? 0};`);
}
