/** The loopback vendor of test/support as a worker of a bench. */
import { startOpenAiVendor } from '../../support/vendors/openai.ts';
import { answerBench } from './worker.ts';

const vendor = await startOpenAiVendor({ record: false });

answerBench({ url: () => vendor.url });
