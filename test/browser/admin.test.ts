/** The admin in a real browser, against a real server: one of each for all that follows. */
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { describeInBrowser } from '../support/browser.ts';
import { accessSuite } from './admin/access.ts';
import { alertsSuite } from './admin/alerts.ts';
import { customersSuite } from './admin/customers.ts';
import { importsSuite } from './admin/imports.ts';
import { keyboardSuite } from './admin/keyboard.ts';
import { keysSuite } from './admin/keys.ts';
import { liveSuite } from './admin/live.ts';
import { longSuite } from './admin/long.ts';
import { memorySuite } from './admin/memory.ts';
import { moneySuite } from './admin/money.ts';
import { pagesSuite } from './admin/pages.ts';
import { profitSuite } from './admin/profit.ts';
import { protectionSuite } from './admin/protection.ts';
import { openStage, type Stage } from './admin/stage.ts';

describeInBrowser('the admin', () => {
  let opened: Stage;
  const stage = () => opened;
  beforeAll(async () => {
    opened = await openStage();
  });
  afterEach(() => opened?.expectNoProblems());
  afterAll(() => opened?.close());

  describe('access', () => accessSuite(stage));
  describe('protection', () => protectionSuite(stage));
  describe('the profit explorer', () => profitSuite(stage));
  describe('customers', () => customersSuite(stage));
  describe('keys', () => keysSuite(stage));
  describe('alerts', () => alertsSuite(stage));
  describe('files of history', () => importsSuite(stage));
  describe('the keyboard', () => keyboardSuite(stage));
  describe('live data', () => liveSuite(stage));
  describe('memory', () => memorySuite(stage));
  describe('long lists', () => longSuite(stage));
  describe('money', () => moneySuite(stage));
  describe('all pages', () => pagesSuite(stage));
});
