/** What is not seen at first, further down or behind something: drawn as soon as what is seen has been painted. */
import { type ReactNode, startTransition, useEffect, useState } from 'react';

export function AfterPaint({ children }: { readonly children: ReactNode }) {
  const [isPainted, setPainted] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    // A frame is painted after what was asked for it has run: a timer that is set there comes after the paint.
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => startTransition(() => setPainted(true)));
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, []);
  return isPainted ? children : <div aria-busy="true" hidden />;
}
