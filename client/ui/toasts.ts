/** Short messages about what has just been done. What matters afterwards belongs into the page, since these go away. */
import { notifications } from '@mantine/notifications';
import type { Failure } from './Failure.tsx';

/** Something is done. */
export function toastDone(message: string): void {
  notifications.show({ message, color: 'green.9', withCloseButton: true, autoClose: 5_000 });
}

/** Something could not be done. It stays until it is closed. */
export function toastFailure({ title, message, requestId }: Failure): void {
  notifications.show({
    title,
    message: requestId ? `${message} (request ${requestId})` : message,
    color: 'red.9',
    withCloseButton: true,
    autoClose: false,
  });
}
