/** What a generation made, to be looked at. */
import { Anchor, SimpleGrid, Text } from '@mantine/core';
import { Empty } from '../../../ui/Empty.tsx';
import { Bytes } from '../../../ui/values.tsx';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import classes from './OutputGallery.module.css';

const OutputGallery_OutputFragment = graphql(`
  fragment OutputGallery_OutputFragment on Output {
    id
    url
    contentType
    bytes
    width
    height
    durationSeconds
    revokedAt
    expiredAt
  }
`);

interface OutputGalleryProps {
  readonly outputs: readonly FragmentType<typeof OutputGallery_OutputFragment>[];
  /** What they show, as far as one knows. */
  readonly about: string;
}

export function OutputGallery({ about, ...props }: OutputGalleryProps) {
  const outputs = readFragment(OutputGallery_OutputFragment, props.outputs);
  if (outputs.length === 0)
    return <Empty title="Nothing was made">Files show up here when it has succeeded.</Empty>;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
      {outputs.map((output, index) => {
        const name = `File ${index + 1}`;
        return (
          <figure key={output.id} className={classes.output}>
            {output.revokedAt || output.expiredAt ? (
              <Text c="dimmed">{output.revokedAt ? 'Its link was revoked.' : 'Its time is over.'}</Text>
            ) : output.contentType.startsWith('video/') ? (
              // biome-ignore lint/a11y/useMediaCaption: nobody has written captions for what was just made.
              <video src={output.url} controls preload="metadata" aria-label={`${name}: ${about}`} />
            ) : output.contentType.startsWith('audio/') ? (
              // biome-ignore lint/a11y/useMediaCaption: nobody has written captions for what was just made.
              <audio src={output.url} controls preload="metadata" aria-label={`${name}: ${about}`} />
            ) : (
              <img
                src={output.url}
                alt={`${name}: ${about}`}
                loading="lazy"
                width={output.width ?? undefined}
                height={output.height ?? undefined}
              />
            )}
            <figcaption>
              <Anchor href={output.url} target="_blank" rel="noreferrer">
                {name}
              </Anchor>
              <Text size="sm" c="dimmed" span>
                {output.contentType}, <Bytes value={output.bytes} />
                {output.width && output.height ? `, ${output.width} × ${output.height}` : ''}
                {output.durationSeconds ? `, ${output.durationSeconds} s` : ''}
              </Text>
            </figcaption>
          </figure>
        );
      })}
    </SimpleGrid>
  );
}
