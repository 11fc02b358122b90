/** Chooses a file of history, and begins to send it. */
import { Button, FileInput, Group, Select, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import IconFile from '@tabler/icons-react/icons/IconFileText';
import { useNavigate } from '@tanstack/react-router';
import { graphql } from '../../gql/index.ts';
import { fieldErrors } from '../../graphql/field-errors.ts';
import { useAction } from '../../graphql/hooks.ts';
import { sendFile } from './sending.ts';

const CreateMutation = graphql(`
  mutation NewImport_CreateMutation($input: CreateHistoryImportInput!) {
    createHistoryImport(input: $input) {
      ... on HistoryImport {
        id
        partsPath
      }
      ... on InvalidInputError {
        message
        fields {
          path
          message
        }
      }
    }
  }
`);

const LAYOUTS = [
  { value: 'told', label: 'Told by the file' },
  { value: 'api_usage_logs', label: 'The old api_usage_logs' },
];

/** By which field of the form the API's fields are corrected. */
const FIELD_OF: Readonly<Record<string, string>> = { fileName: 'file', bytes: 'file', layout: 'layout' };

interface Values {
  file: File | null;
  layout: string;
}

export function NewImport() {
  const navigate = useNavigate();
  const [create, { isBusy }] = useAction(CreateMutation);
  const form = useForm<Values>({
    initialValues: { file: null, layout: 'told' },
    validate: { file: (file) => (file ? null : 'Choose a file.') },
  });
  const submit = async ({ file, layout }: Values) => {
    if (!file) return;
    const done = await create({
      input: { fileName: file.name, bytes: file.size, layout: layout === 'told' ? null : layout },
    });
    if (!done) return;
    const outcome = done.createHistoryImport;
    if (outcome.__typename === 'InvalidInputError') {
      return form.setErrors(fieldErrors(outcome.fields, (path) => FIELD_OF[path] ?? path));
    }
    void sendFile(outcome.id, outcome.partsPath, file, 0);
    await navigate({ to: '/import/$importId', params: { importId: outcome.id } });
  };
  return (
    <form onSubmit={form.onSubmit((values) => void submit(values))} noValidate>
      <Stack>
        <Group align="start" gap="sm">
          <FileInput
            label="File"
            description="CSV, JSON, a dump or SQLite; at most 256 MiB"
            placeholder="Choose a file"
            leftSection={<IconFile size={16} aria-hidden="true" />}
            w={{ base: '100%', sm: 360 }}
            required
            {...form.getInputProps('file')}
          />
          <Select
            label="Layout"
            description="Of CSV and JSON"
            w={{ base: '100%', sm: 240 }}
            data={LAYOUTS}
            allowDeselect={false}
            {...form.getInputProps('layout')}
          />
        </Group>
        <Group>
          <Button type="submit" loading={isBusy}>
            Send and check it
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
