/** How far a file has come: sent, checked, imported. What was cut off goes on when the same file is chosen. */
import { Alert, FileInput, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { ProgressBar } from '../../../ui/ProgressBar.tsx';
import { Bytes, Count } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { sendFile, useSending } from './sending.ts';

const ImportProgress_HistoryImportFragment = graphql(`
  fragment ImportProgress_HistoryImportFragment on HistoryImport {
    id
    state
    fileName
    fileBytes
    receivedBytes
    readBytes
    rows
    problem
    partsPath
  }
`);

export function ImportProgress(props: {
  readonly history: FragmentType<typeof ImportProgress_HistoryImportFragment>;
}) {
  const { id, state, fileName, fileBytes, receivedBytes, readBytes, rows, problem, partsPath } = readFragment(
    ImportProgress_HistoryImportFragment,
    props.history,
  );
  const sending = useSending(id);
  const [unlike, setUnlike] = useState<string | null>(null);
  const goOn = (file: File | null) => {
    if (!file) return;
    if (file.size !== fileBytes || file.name !== fileName)
      return setUnlike(`It is not the same file: choose ${fileName}.`);
    setUnlike(null);
    void sendFile(id, partsPath, file, receivedBytes);
  };
  switch (state) {
    case 'UPLOADING': {
      const sent = Math.max(sending?.sent ?? 0, receivedBytes);
      const isUnderWay = sending !== undefined && sending.problem === null;
      return (
        <Stack>
          <ProgressBar label="Sent" share={sent / fileBytes}>
            <Bytes value={sent} /> of <Bytes value={fileBytes} /> are here.
            {isUnderWay && ' Leave this window open until all of it is.'}
          </ProgressBar>
          {!isUnderWay && (
            <FileInput
              label="Go on"
              description={
                sending?.problem ??
                'This window does not send it any more. Choose the same file: what is here is not sent again.'
              }
              placeholder={fileName}
              maw={420}
              error={unlike}
              onChange={goOn}
            />
          )}
        </Stack>
      );
    }
    case 'CHECKING':
    case 'IMPORTING':
      return (
        <ProgressBar
          label={state === 'CHECKING' ? 'Checked' : 'Imported'}
          share={readBytes > 0 ? readBytes / fileBytes : null}
        >
          <Count value={rows} /> rows are {state === 'CHECKING' ? 'checked' : 'read'}. You may leave this
          page.
        </ProgressBar>
      );
    case 'FAILED':
      return (
        <Alert
          variant="outline"
          color="red"
          title="The file cannot be read to its end"
          styles={{ title: { color: 'var(--solvent-bad)' } }}
        >
          <Text size="sm">{problem}</Text>
          <Text size="sm">Mend the file and send it again: nothing is booked twice.</Text>
        </Alert>
      );
    case 'CHECKED':
    case 'IMPORTED':
      return null;
  }
}
