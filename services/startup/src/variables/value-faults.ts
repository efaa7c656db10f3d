/** Finds common faults in a variable's value: a line end, white space, quotes, or an address that Kubernetes sets. */

import type { TSchema } from '@sinclair/typebox';
import { printable } from '@rankd/protocol/printable';

const SERVICE_LINK = /^(tcp|udp|sctp):\/\//;
/** Text between two equal quotes that does not contain this quote. */
const IN_QUOTES = /^(?:"[^"]*"|'[^']*'|`[^`]*`)$/;

/** Returns what is wrong with the text of a variable, before it is read as a number or checked. A secret is not quoted. */
export function faultOfText(variable: string, text: string, field: TSchema): string | undefined {
  const shown = field['secret'] === true ? '' : `: ${printable(JSON.stringify(text))}`;
  if (text.endsWith('\r') || text.endsWith('\r\n')) {
    return `${variable} ends with a carriage return (\\r)${shown}. The file or script that sets it has Windows line ends: convert it, for example with sed -i 's/\\r$//' FILE`;
  }
  if (text.endsWith('\n')) {
    return `${variable} ends with a line end (\\n)${shown}. Remove it: write the value with printf %s or echo -n`;
  }
  if (text.startsWith('\uFEFF')) {
    return `${variable} begins with a byte order mark (U+FEFF)${shown}. Save the file that sets it as UTF-8 without a byte order mark`;
  }
  if (field['type'] === 'integer' && SERVICE_LINK.test(text)) return faultOfServiceLink(variable, text);
  if (IN_QUOTES.test(text)) {
    return `${variable} has quotes around its value${shown}. Remove them: docker run --env-file and Kubernetes keep quotes as part of a value`;
  }
  if (field['type'] === 'string' && text.trim() !== text) {
    return `${variable} begins or ends with white space${shown}. Remove it`;
  }
  if (field['secret'] === true && /[\r\n]/.test(text)) return `${variable} has several lines: a secret is one line`;
  return undefined;
}

/** Kubernetes sets X_PORT for every service X of the namespace, so the service `rankd` overrides RANKD_PORT. */
function faultOfServiceLink(variable: string, text: string): string {
  const service = variable
    .replace(/_PORT$/, '')
    .toLowerCase()
    .replaceAll('_', '-');
  return `${variable} is ${printable(JSON.stringify(text))}, the address of a Kubernetes service. Kubernetes sets it for the service named ${service} (service links): set enableServiceLinks: false in the pod's spec, or set ${variable} in the container's env`;
}
