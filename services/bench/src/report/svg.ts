/** Plots follow the reader's colours: an SVG that is shown as an image knows whether the page is dark. */
const style = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 14px; }
  .faint { fill: #656d76; }
  .page { fill: #ffffff; }
  .rule { stroke: #d0d7de; stroke-width: 1; }
  .must { stroke: #9a6700; stroke-width: 2; }
  .goal { stroke: #1f2328; stroke-width: 2; }
  .rankd { fill: #0969da; }
  .peer { fill: #8c959f; }
  .met { fill: #1a7f37; }
  .near { fill: #9a6700; }
  .missed { fill: #cf222e; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .faint { fill: #8d96a0; }
    .page { fill: #0d1117; }
    .rule { stroke: #30363d; }
    .must { stroke: #d29922; }
    .goal { stroke: #3fb950; }
    .rankd { fill: #4493f8; }
    .peer { fill: #6e7681; }
    .met { fill: #3fb950; }
    .near { fill: #d29922; }
    .missed { fill: #f85149; }
  }`;

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** For those who cannot see it. */
  readonly title: string;
  readonly parts: readonly string[];
}

export function svgOf({ width, height, title, parts }: Picture): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escaped(title)}</title>
<style>${style}
</style>
<rect class="page" width="${width}" height="${height}" rx="6"/>
${parts.join('\n')}
</svg>
`;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

export function label({ x, y }: Place, content: string, { css = '', anchor = 'start' } = {}): string {
  return `<text x="${round(x)}" y="${round(y)}" class="${css}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

export function bar({ x, y }: Place, width: number, height: number, css: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(width, 1))}" height="${height}" rx="2" class="${css}"/>`;
}

export function line(from: Place, to: Place, css: string): string {
  return `<line x1="${round(from.x)}" y1="${round(from.y)}" x2="${round(to.x)}" y2="${round(to.y)}" class="${css}"/>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
