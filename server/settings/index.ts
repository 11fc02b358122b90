/** The door of the settings' room. */
export { useSetting } from './statements.ts';
