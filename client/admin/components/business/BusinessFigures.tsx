/** What comes in again and again, and where the money of a range went, each beside the time before. */
import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { changeOf, isNegative, isZero } from '../../../ui/decimal.ts';
import { Figure, Figures } from '../../../ui/Figure.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { toneOfMargin } from '../../../ui/State.tsx';
import { type Amount, Change, Count, Money, Ratio } from '../../../ui/values.tsx';
import type { BusinessFigures_BusinessMetricsFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';

const BusinessFigures_BusinessMetricsFragment = graphql(`
  fragment BusinessFigures_BusinessMetricsFragment on BusinessMetrics {
    mrr {
      amount
      currency
    }
    arr {
      amount
      currency
    }
    arpu {
      amount
      currency
    }
    ltv {
      amount
      currency
    }
    churnRate
    activeSubscribers
    leavingSubscribers
    payingAccounts
    freeAccounts
    cashRevenue {
      amount
      currency
    }
    earnedRevenue {
      amount
      currency
    }
    deferredRevenue {
      amount
      currency
    }
    breakage {
      amount
      currency
    }
    clawedBack {
      amount
      currency
    }
    paymentFees {
      amount
      currency
    }
    refunds {
      amount
      currency
    }
    providerCost {
      amount
      currency
    }
    netProfit {
      amount
      currency
    }
    cashProfit {
      amount
      currency
    }
    margin
  }
`);

type Metrics = BusinessFigures_BusinessMetricsFragmentFragment;
type Part = FragmentType<typeof BusinessFigures_BusinessMetricsFragment>;

/** Why there is no lifetime value, in words. */
function whyNoLifetime({ ltv, churnRate }: Pick<Metrics, 'ltv' | 'churnRate'>): string | null {
  if (ltv) return null;
  return churnRate === null || churnRate === undefined
    ? 'unknown while churn is'
    : 'unknown: nobody has left yet';
}

/** An amount that is a figure, with its change; undefined while it is not known. */
function AmountFigure(props: {
  readonly label: string;
  readonly value: Amount | undefined;
  readonly before: Amount | undefined;
  readonly about?: ReactNode;
  readonly profit?: boolean;
}) {
  const { label, value, before, about, profit = false } = props;
  return (
    <Figure
      label={label}
      value={value && <Money value={value} precision="cents" signed={profit} />}
      tone={profit && value && isNegative(value.amount) ? 'bad' : undefined}
      note={
        <>
          {about && <>{about}; </>}
          <Change ratio={value && before ? changeOf(value.amount, before.amount) : null} />
        </>
      }
    />
  );
}

interface BusinessFiguresProps {
  readonly metrics: Part | undefined;
  /** Of as long a time just before. */
  readonly before: Part | undefined;
}

/** Subscriptions: what they bring every month, and whether they stay. */
export function RecurringFigures(props: BusinessFiguresProps) {
  const metrics = readFragment(BusinessFigures_BusinessMetricsFragment, props.metrics);
  const before = readFragment(BusinessFigures_BusinessMetricsFragment, props.before);
  const noLifetime = metrics && whyNoLifetime(metrics);
  return (
    <Figures label="What comes in again and again, and how it changed from the time before">
      <AmountFigure label="MRR" value={metrics?.mrr} before={before?.mrr} />
      <AmountFigure label="ARR" value={metrics?.arr} before={before?.arr} />
      <AmountFigure label="ARPU" value={metrics?.arpu} before={before?.arpu} about="a month" />
      <Figure
        label="LTV"
        value={metrics && (metrics.ltv ? <Money value={metrics.ltv} precision="cents" /> : 'Not yet')}
        note={noLifetime ?? 'ARPU / churn'}
      />
      <Figure
        label="Churn"
        value={metrics && (metrics.churnRate === null ? 'Not yet' : <Ratio value={metrics.churnRate} />)}
        note={
          metrics?.churnRate === null ? (
            'unknown: nobody subscribed when a month began'
          ) : (
            <>
              a month, <Ratio value={before?.churnRate} none="unknown" /> before
            </>
          )
        }
      />
      <Figure
        label="Subscribers"
        value={metrics && <Count value={metrics.activeSubscribers} />}
        note={metrics && <>{metrics.leavingSubscribers} of them are leaving</>}
        tone={metrics && metrics.leavingSubscribers > 0 ? 'warning' : undefined}
      />
      <Figure
        label="Paying users"
        value={metrics && <Count value={metrics.payingAccounts} />}
        note={before && <>{before.payingAccounts} in the time before</>}
      />
      <Figure
        label="Free users"
        value={metrics && <Count value={metrics.freeAccounts} />}
        note="had never paid when the range ended"
      />
    </Figures>
  );
}

/** Money: cash beside what is earned, and what is left of both. */
export function MoneyFigures(props: BusinessFiguresProps) {
  const metrics = readFragment(BusinessFigures_BusinessMetricsFragment, props.metrics);
  const before = readFragment(BusinessFigures_BusinessMetricsFragment, props.before);
  return (
    <Panel title="Cash and earned">
      <Stack gap="md">
        <Figures label="Where the money of the range went, and how it changed from the time before">
          <AmountFigure label="Cash" value={metrics?.cashRevenue} before={before?.cashRevenue} />
          <AmountFigure label="Earned" value={metrics?.earnedRevenue} before={before?.earnedRevenue} />
          <AmountFigure label="Deferred" value={metrics?.deferredRevenue} before={before?.deferredRevenue} />
          <AmountFigure label="Breakage" value={metrics?.breakage} before={before?.breakage} />
          <AmountFigure label="Clawed back" value={metrics?.clawedBack} before={before?.clawedBack} />
          <AmountFigure label="Fees" value={metrics?.paymentFees} before={before?.paymentFees} />
          <AmountFigure label="Refunds" value={metrics?.refunds} before={before?.refunds} />
          <AmountFigure label="Provider cost" value={metrics?.providerCost} before={before?.providerCost} />
          <AmountFigure label="Net profit" profit value={metrics?.netProfit} before={before?.netProfit} />
          <AmountFigure label="Cash profit" profit value={metrics?.cashProfit} before={before?.cashProfit} />
          <Figure
            label="Margin"
            value={metrics && <Ratio value={metrics.margin} none="nothing earned" />}
            note={
              <>
                <Ratio value={before?.margin} none="nothing earned" /> before
              </>
            }
            tone={toneOfMargin(metrics?.margin)}
          />
        </Figures>
        {metrics && (
          <Text size="sm" c="dimmed">
            Net = <Money value={metrics.earnedRevenue} /> earned + <Money value={metrics.breakage} /> breakage
            {!isZero(metrics.clawedBack.amount) && (
              <>
                {' '}
                + <Money value={metrics.clawedBack} /> clawed back
              </>
            )}{' '}
            − <Money value={metrics.refunds} /> refunds − <Money value={metrics.paymentFees} /> fees −{' '}
            <Money value={metrics.providerCost} /> provider cost = <Money value={metrics.netProfit} signed />.
            Deferred is what sold credits had yet to earn at the end of the range.
          </Text>
        )}
      </Stack>
    </Panel>
  );
}
