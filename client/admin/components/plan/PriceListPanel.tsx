/** The active price list: what a credit sells for, and the free credits. */
import {
  Button,
  Group,
  Modal,
  NumberInput,
  Select,
  Skeleton,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { isAmount } from '../../../ui/decimal.ts';
import { Fact, Facts } from '../../../ui/Facts.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import { Code, Count, Money } from '../../../ui/values.tsx';
import type { FreePeriod } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { fieldErrors } from '../../graphql/field-errors.ts';
import { useAction } from '../../graphql/hooks.ts';

const PriceListPanel_PriceListFragment = graphql(`
  fragment PriceListPanel_PriceListFragment on PriceList {
    id
    freeCredits
    freePeriod
    creditLeast {
      amount
      currency
    }
    creditMost {
      amount
      currency
    }
  }
`);

const SetPriceListMutation = graphql(`
  mutation PriceListPanel_SetPriceListMutation($input: SetPriceListInput!) {
    setPriceList(input: $input) {
      ... on PriceList {
        id
      }
      ... on InvalidInputError {
        fields {
          path
          message
        }
      }
    }
  }
`);

interface PriceListPanelProps {
  readonly list: FragmentType<typeof PriceListPanel_PriceListFragment> | undefined;
}

export function PriceListPanel(props: PriceListPanelProps) {
  const list = readFragment(PriceListPanel_PriceListFragment, props.list);
  const [isOpen, dialog] = useDisclosure(false);
  const [setPriceList, { isBusy }] = useAction(SetPriceListMutation);
  const form = useForm({
    initialValues: {
      creditLeast: '',
      creditMost: '',
      freeCredits: 0,
      freePeriod: 'DAY' as FreePeriod,
      reason: '',
    },
    validate: {
      creditLeast: (amount) => (isAmount(amount) ? null : 'Give dollars, such as 0.01.'),
      creditMost: (amount) => (isAmount(amount) ? null : 'Give dollars, such as 0.01.'),
      freeCredits: (credits) =>
        // A field that was emptied holds an empty text.
        Number.isInteger(credits) && credits >= 0 ? null : 'Give 0 or more credits.',
      reason: (reason) => (reason.trim() ? null : 'Say why.'),
    },
  });
  const open = () => {
    if (!list) return;
    form.setValues({
      creditLeast: list.creditLeast.amount,
      creditMost: list.creditMost.amount,
      freeCredits: list.freeCredits,
      freePeriod: list.freePeriod,
      reason: '',
    });
    form.clearErrors();
    dialog.open();
  };
  const submit = async (values: typeof form.values) => {
    const outcome = (await setPriceList({ input: { ...values, reason: values.reason.trim() } }))
      ?.setPriceList;
    if (!outcome) return;
    if (outcome.__typename === 'InvalidInputError') {
      return form.setErrors(fieldErrors(outcome.fields));
    }
    toastDone('The price list is changed. It holds at once.');
    dialog.close();
  };
  return (
    <Panel
      title="Price list"
      note="Margins are judged by the least that a credit sells for"
      actions={
        <Button variant="default" size="xs" onClick={open} disabled={!list}>
          Change the list
        </Button>
      }
    >
      {list ? (
        <Facts>
          <Fact label="List">
            <Code>{list.id}</Code>
          </Fact>
          <Fact label="A credit sells for, at the least">
            <Money value={list.creditLeast} />
          </Fact>
          <Fact label="At the most">
            <Money value={list.creditMost} />
          </Fact>
          <Fact label="Free credits">
            <Count value={list.freeCredits} /> a {list.freePeriod.toLowerCase()}
          </Fact>
        </Facts>
      ) : (
        <Skeleton height={44} />
      )}
      <Modal
        opened={isOpen}
        onClose={dialog.close}
        title="Change the price list"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <form onSubmit={form.onSubmit((values) => void submit(values))} noValidate>
          <Stack>
            <TextInput
              label="A credit sells for at the least, in dollars"
              required
              inputMode="decimal"
              data-autofocus
              {...form.getInputProps('creditLeast')}
            />
            <TextInput
              label="And at the most"
              required
              inputMode="decimal"
              {...form.getInputProps('creditMost')}
            />
            <Group grow align="flex-start">
              <NumberInput
                label="Free credits"
                min={0}
                allowDecimal={false}
                {...form.getInputProps('freeCredits')}
              />
              <Select
                label="Each"
                data={[
                  { value: 'DAY', label: 'Day' },
                  { value: 'MONTH', label: 'Month' },
                ]}
                allowDeselect={false}
                {...form.getInputProps('freePeriod')}
              />
            </Group>
            <Textarea
              label="Reason"
              description="The audit log keeps it."
              required
              autosize
              minRows={2}
              maxLength={1_000}
              {...form.getInputProps('reason')}
            />
            <Text size="sm" c="dimmed">
              It holds from now on: every margin and floor flag is judged anew, and the next free credits come
              by it. What models are priced at in credits stays.
            </Text>
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={dialog.close}>
                Cancel
              </Button>
              <Button type="submit" loading={isBusy}>
                Change
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </Panel>
  );
}
