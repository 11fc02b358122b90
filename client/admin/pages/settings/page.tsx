/** What this browser shows: colours, time zone, language of numbers, shortcuts. */
import {
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  useMantineColorScheme,
} from '@mantine/core';
import { useId } from 'react';
import { formatInstant, formatMoney } from '../../../ui/format.ts';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { BROWSER, setPreferences, useManner, usePreferences, ZONES } from '../../../ui/preferences.tsx';

const LOCALES = [
  'en-US',
  'en-GB',
  'de-DE',
  'de-CH',
  'fr-FR',
  'es-ES',
  'it-IT',
  'pt-BR',
  'nl-NL',
  'pl-PL',
  'ja-JP',
  'zh-CN',
];
/** An instant and an amount to show what a choice means. */
const EXAMPLE = { at: '2026-03-04T17:06:00Z', amount: '1234567.891' };

export function SettingsPage() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { locale, zone, singleKeys = true } = usePreferences();
  const manner = useManner();
  const colors = useId();
  return (
    <Page title="Settings" note="For this browser. Nobody else sees them.">
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Panel title="Numbers and times">
          <Stack>
            <Select
              label="Time zone"
              description="Budgets and live figures keep to hours, days and months of UTC all the same."
              searchable
              clearable
              clearButtonProps={{ 'aria-label': "The browser's time zone" }}
              placeholder={`The browser's: ${BROWSER.zone}`}
              data={[...ZONES]}
              value={zone ?? null}
              onChange={(value) => setPreferences({ zone: value ?? undefined })}
              nothingFoundMessage="No zone by that name"
            />
            <Select
              label="Language of numbers and dates"
              clearable
              clearButtonProps={{ 'aria-label': "The browser's language" }}
              placeholder={`The browser's: ${BROWSER.locale}`}
              data={LOCALES.map((value) => ({
                value,
                label: `${new Intl.DisplayNames([manner.locale], { type: 'language' }).of(value) ?? value} (${value})`,
              }))}
              value={locale ?? null}
              onChange={(value) => setPreferences({ locale: value ?? undefined })}
            />
            <Text size="sm" c="dimmed" aria-live="polite">
              So it looks: {formatInstant(EXAMPLE.at, manner)} and{' '}
              {formatMoney(EXAMPLE.amount, 'USD', manner)}.
            </Text>
          </Stack>
        </Panel>
        <Panel title="Colours and keys">
          <Stack align="flex-start">
            <div>
              <Text size="sm" fw={500} mb={4} id={colors}>
                Colours
              </Text>
              <SegmentedControl
                aria-labelledby={colors}
                value={colorScheme}
                onChange={(value) => setColorScheme(value as typeof colorScheme)}
                data={[
                  { value: 'auto', label: 'As the system' },
                  { value: 'light', label: 'Light' },
                  { value: 'dark', label: 'Dark' },
                ]}
              />
            </div>
            <Switch
              label="Single keys are shortcuts"
              description="Press ? anywhere to see them. Switch them off if you speak to your browser."
              checked={singleKeys}
              onChange={(event) => setPreferences({ singleKeys: event.currentTarget.checked })}
            />
          </Stack>
        </Panel>
      </SimpleGrid>
    </Page>
  );
}
