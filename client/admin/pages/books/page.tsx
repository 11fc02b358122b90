/** The books: cash and earned revenue by day, the rows behind a day, and what Stripe has told. */
import { Stack, Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { DownloadButton } from '../../../ui/DownloadButton.tsx';
import { FailureNote } from '../../../ui/Failure.tsx';
import { Page } from '../../../ui/Page.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { useManner } from '../../../ui/preferences.tsx';
import { addDays } from '../../../ui/zone.ts';
import { BookDayTable, BookFigures } from '../../components/book/BookDayTable.tsx';
import { RangeControls } from '../../components/range/RangeControls.tsx';
import { graphql } from '../../gql/index.ts';
import { usePageQuery } from '../../graphql/hooks.ts';
import { TextLink } from '../../links.tsx';
import { daysOf, rangeOf } from '../../range.ts';
import { StripeEvents } from './events.tsx';
import { DayRows } from './rows.tsx';

const BooksQuery = graphql(`
  query Books_PageQuery($range: BooksRange!) {
    books(range: $range) {
      ...BookDayTable_BookDayFragment
    }
  }
`);

const PRESETS = ['7', '30', '90', '365'] as const;

const route = getRouteApi('/shell/books');

export function BooksPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { zone } = useManner();
  // The page's own now: a range that moved while one looks would ask again and again.
  const [now] = useState(Date.now);
  const days = daysOf(search, now, zone);
  const { show = 'days' } = search;
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  // With the day before, from which the first one has to follow.
  const range = { ...rangeOf({ ...days, from: addDays(days.from, -1) }, zone), zone };
  const asked = usePageQuery(BooksQuery, { range }, { refreshSeconds: 30, pause: show !== 'days' });
  const csv = new URLSearchParams({ from: days.from, to: addDays(days.to, 1), timeZone: zone });
  return (
    <Page
      title="Books"
      note={`Cash by Stripe’s clock and revenue by the ledger, in days of ${zone}. A day may change as long as Stripe tells of it.`}
      actions={
        <>
          <DownloadButton href={`/export/books.csv?${csv}`}>Days as CSV</DownloadButton>
          <DownloadButton href={`/export/attempts.csv?${csv}`}>Booked calls as CSV</DownloadButton>
        </>
      }
    >
      <Tabs
        value={show}
        onChange={(value) => change({ show: value === 'events' ? 'events' : undefined })}
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="days">Days</Tabs.Tab>
          <Tabs.Tab value="events">Stripe events</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="days" pt="md">
          <Stack gap="md">
            {asked.failure && <FailureNote failure={asked.failure} onRetry={asked.refresh} />}
            <RangeControls
              days={days}
              presets={PRESETS}
              preset={search.from && search.to ? null : (search.days ?? '30')}
              onPreset={(preset) => change({ days: preset, from: undefined, to: undefined })}
              onDays={({ from, to }) => change({ from, to })}
            />
            <BookFigures days={asked.data?.books} />
            {search.day && (
              <DayRows
                day={search.day}
                zone={zone}
                close={
                  <TextLink to="/books" search={{ ...search, day: undefined }} resetScroll={false}>
                    Close the day
                  </TextLink>
                }
              />
            )}
            <Panel title="By day" note="The newest first; a day leads to its rows" flush>
              <BookDayTable
                days={asked.data?.books}
                linkOf={(day) => (
                  <TextLink to="/books" search={{ ...search, day }} style={{ whiteSpace: 'nowrap' }}>
                    {day}
                  </TextLink>
                )}
              />
            </Panel>
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="events" pt="md">
          <Stack gap="md">
            <StripeEvents state={search.state} onState={(state) => change({ state })} />
          </Stack>
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
