/** A link that looks like a button, and gives a file. */
import { Button } from '@mantine/core';
import IconDownload from '@tabler/icons-react/icons/IconDownload';
import type { ReactNode } from 'react';

interface DownloadButtonProps {
  readonly href: string;
  readonly children: ReactNode;
}

export function DownloadButton({ href, children }: DownloadButtonProps) {
  return (
    <Button
      component="a"
      variant="default"
      leftSection={<IconDownload size={16} aria-hidden="true" />}
      href={href}
      download
    >
      {children}
    </Button>
  );
}
