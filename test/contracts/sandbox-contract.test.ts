/** The contract of server/providers/provider.ts over the sandbox; what is peculiar to it is in test/providers. */
import { providerContract } from './provider.ts';
import { sandbox } from './vendors/sandbox.ts';

providerContract('sandbox', sandbox);
