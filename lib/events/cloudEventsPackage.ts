/**
 * Holds what is used of the package cloudevents, so that it can be loaded late. A bundle in parts
 * has a CommonJS package as its default export alone, when the package itself is imported
 * dynamically (deploy/bundle.ts).
 */

export { CloudEvent, ValidationError } from 'cloudevents';
