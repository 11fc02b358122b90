/** The door of the settings' room. */
export { readSetting, useSetting } from './statements.ts';
