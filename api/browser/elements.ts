/**
 * Finds and makes elements of our pages.
 *
 * Guarantees: text becomes a text node; no caller can write markup.
 */

/**
 * Throws when the page lacks the element, or has another kind of it: the page and its script are of
 * one version.
 */
export function findElement<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} with the id ${id}`);
}

export function makeElement(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.textContent = text;
  return made;
}

/** Runs `draw` once in the next frame, however often it is asked for before that. */
export function oncePerFrame(draw: () => void): () => void {
  let isScheduled = false;
  return () => {
    if (isScheduled) return;
    isScheduled = true;
    requestAnimationFrame(() => {
      isScheduled = false;
      draw();
    });
  };
}
