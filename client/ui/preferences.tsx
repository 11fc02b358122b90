/** What a person has chosen for this browser: locale, time zone, single-key shortcuts. The colour scheme is Mantine's. */
import { createContext, type ReactNode, useContext, useMemo, useSyncExternalStore } from 'react';
import type { Manner } from './format.ts';

/** What is kept. Undefined follows the browser. */
export interface Preferences {
  readonly locale?: string;
  readonly zone?: string;
  /** Whether single keys are shortcuts. They can get in the way of speech input (WCAG 2.1.4). */
  readonly singleKeys?: boolean;
}

const KEY = 'solvent.preferences';
const listeners = new Set<() => void>();
let known: Preferences | undefined;

function read(): Preferences {
  if (known) return known;
  try {
    known = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Preferences;
  } catch {
    known = {};
  }
  return known;
}

/** Changes some of them, here and in the browser's other tabs. */
export function setPreferences(change: Preferences): void {
  known = { ...read(), ...change };
  localStorage.setItem(KEY, JSON.stringify(known));
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  const onStorage = (event: StorageEvent) => {
    if (event.key !== KEY) return;
    known = undefined;
    listener();
  };
  listeners.add(listener);
  window.addEventListener('storage', onStorage);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', onStorage);
  };
}

/** The zones that this browser knows, UTC first. */
export const ZONES: readonly string[] = [
  'UTC',
  ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC'),
];
/** What the browser is set to. */
export const BROWSER: Manner = {
  locale: navigator.language,
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
};

const MannerContext = createContext<Manner>(BROWSER);

/** Gives everything below the manner in which values are written. */
export function PreferencesProvider({ children }: { readonly children: ReactNode }) {
  const { locale, zone } = usePreferences();
  const manner = useMemo(
    () => ({ locale: locale ?? BROWSER.locale, zone: zone ?? BROWSER.zone }),
    [locale, zone],
  );
  return <MannerContext value={manner}>{children}</MannerContext>;
}

/** What has been chosen. */
export const usePreferences = (): Preferences => useSyncExternalStore(listen, read);
/** In which manner values are written here. */
export const useManner = (): Manner => useContext(MannerContext);
