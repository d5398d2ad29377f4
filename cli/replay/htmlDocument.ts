/** renderHtmlDocument: the frame of a page that is one file, with nothing to download. */

import { hashSource } from '../../api/hashSource.ts';

interface Document {
  readonly title: string;
  readonly style: string;
  /** More of the content security policy, beside this page's own style. */
  readonly policy?: string;
  readonly body: string;
}

/** `title` and `body` are HTML. */
export function renderHtmlDocument({ title, style, policy = '', body }: Document): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${hashSource(style)}${policy}">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}
