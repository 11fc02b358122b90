/** Whether the command palette is open, for whoever opens it. */
import { createSpotlight } from '@mantine/spotlight';

export const [paletteStore, palette] = createSpotlight();
