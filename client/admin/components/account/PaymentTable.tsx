/** What a user has paid, and how money goes back. */
import { Text, TextInput, VisuallyHidden } from '@mantine/core';
import { useRef, useState } from 'react';
import { ConfirmDialog } from '../../../ui/ConfirmDialog.tsx';
import { DangerButton } from '../../../ui/DangerButton.tsx';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { add, isAmount, isNegative, isZero, subtract } from '../../../ui/decimal.ts';
import { Empty } from '../../../ui/Empty.tsx';
import { toastDone, toastFailure } from '../../../ui/toasts.ts';
import { type Amount, Count, Instant, Money } from '../../../ui/values.tsx';
import type { PaymentTable_PaymentFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { type Rows, useAction } from '../../graphql/hooks.ts';
import { isDone } from '../../graphql/outcome.ts';

const PaymentTable_PaymentFragment = graphql(`
  fragment PaymentTable_PaymentFragment on Payment {
    id
    kind
    planName
    packName
    credits
    creditsTaken
    paidAt
    amount {
      amount
      currency
    }
    tax {
      amount
    }
    refunded {
      amount
      currency
    }
    disputed {
      amount
      currency
    }
    lost {
      amount
      currency
    }
    grant {
      id
      remaining
    }
  }
`);

const RefundMutation = graphql(`
  mutation PaymentTable_RefundMutation($input: RefundPaymentInput!) {
    refundPayment(input: $input) {
      ... on Payment {
        id
        refunded {
          amount
        }
      }
      ... on Error {
        message
      }
    }
  }
`);

type Payment = PaymentTable_PaymentFragmentFragment;

/** What can still go back, tax included: nothing where a bank has taken the whole though a part had gone back before. */
function leftOf({ amount, tax, refunded, disputed }: Payment): Amount {
  const left = subtract(add(amount.amount, tax.amount), add(refunded.amount, disputed.amount));
  return { ...amount, amount: isNegative(left) ? '0' : left };
}

const columnsOf = (onRefund: (payment: Payment) => void): readonly Column<Payment>[] => [
  { key: 'at', header: 'Paid', render: ({ paidAt }) => <Instant value={paidAt} /> },
  {
    key: 'what',
    header: 'For',
    isRowHeader: true,
    render: ({ kind, planName, packName }) =>
      `${planName ?? packName ?? ''}${kind === 'TOP_UP' ? ', by top-up' : ''}`,
  },
  { key: 'amount', header: 'Amount', align: 'end', render: ({ amount }) => <Money value={amount} /> },
  {
    key: 'credits',
    header: 'Credits',
    align: 'end',
    wide: true,
    render: ({ credits }) => <Count value={credits} />,
  },
  {
    key: 'back',
    header: 'Gone back',
    align: 'end',
    wide: true,
    render: ({ refunded, disputed }) => (
      <Money value={{ ...refunded, amount: add(refunded.amount, disputed.amount) }} />
    ),
  },
  {
    key: 'lost',
    header: 'Of that lost',
    align: 'end',
    wide: true,
    render: ({ lost }) => <Money value={lost} />,
  },
  {
    key: 'do',
    header: <VisuallyHidden>Refund</VisuallyHidden>,
    acts: true,
    align: 'end',
    render: (payment) =>
      !isZero(leftOf(payment).amount) && (
        <DangerButton size="xs" onClick={() => onRefund(payment)}>
          Refund
        </DangerButton>
      ),
  },
];

interface PaymentTableProps {
  readonly payments: Rows<FragmentType<typeof PaymentTable_PaymentFragment>>;
}

export function PaymentTable({ payments }: PaymentTableProps) {
  const [asked, setAsked] = useState<Payment | null>(null);
  const [amount, setAmount] = useState('');
  const [refund] = useAction(RefundMutation);
  // One key for one intent: a second press sends nothing twice.
  const key = useRef('');
  const left = asked && leftOf(asked);
  return (
    <>
      <DataTable
        label="Payments"
        columns={columnsOf((payment) => {
          key.current = crypto.randomUUID();
          setAmount(leftOf(payment).amount);
          setAsked(payment);
        })}
        rows={readFragment(PaymentTable_PaymentFragment, payments.data)}
        keyOf={({ id }) => id}
        more={payments.more}
        empty={<Empty title="Nothing was paid yet">Packs and plans that this user buys stand here.</Empty>}
      />
      <ConfirmDialog
        opened={asked !== null}
        onClose={() => setAsked(null)}
        subject={asked?.id}
        title="Send money back?"
        confirm="Send it back"
        danger
        reason="The audit log keeps it."
        onConfirm={async (reason) => {
          if (!asked) return false;
          if (!isAmount(amount)) {
            toastFailure({ title: 'No amount', message: 'Give dollars, such as 9.99.' });
            return false;
          }
          const input = { idempotencyKey: key.current, paymentId: asked.id, amount, reason };
          const outcome = (await refund({ input }))?.refundPayment;
          if (!isDone(outcome, 'Payment', 'Nothing went back')) return false;
          toastDone('The money goes back.');
          return true;
        }}
      >
        <TextInput
          label="Amount in dollars"
          inputMode="decimal"
          mb="sm"
          value={amount}
          onChange={(event) => setAmount(event.currentTarget.value)}
          data-autofocus
        />
        <Text size="sm">
          Of this payment <Money value={left} /> can still go back. Its credits follow in proportion, as far
          as they are left: <Count value={asked?.grant?.remaining ?? 0} /> of{' '}
          <Count value={asked?.credits ?? 0} /> are. What was used of them is a loss.
        </Text>
      </ConfirmDialog>
    </>
  );
}
