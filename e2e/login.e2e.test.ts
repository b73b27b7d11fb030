import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launch, openPage } from './browser.ts';
import { startPitot, type StartedPitot } from './started-pitot.ts';

const chromiumPath = findChromium();
const ACCOUNT = { name: 'Ada', email: 'ada@example.org', password: 'a long enough password' };

describe.skipIf(chromiumPath === undefined)('a Pitot that requires a login', () => {
  let pitot: StartedPitot;
  let browser: Browser;

  beforeAll(async () => {
    pitot = await startPitot({ PITOT_AUTH: 'required' });
    browser = await launch(chromiumPath!);
  });
  afterAll(async () => {
    await browser?.close();
    await pitot?.stop();
  });

  it('is set up by the printed link, logs out and in again, and returns to the page that was asked for', async () => {
    const link = /https?:\/\/\S+\/setup\S+/.exec(pitot.output())?.[0];
    expect(link).toBeDefined();
    const { page, complaints } = await openPage(browser, pitot.baseUrl);
    await page.goto('/');
    await page.getByText('no administrator yet').waitFor();
    await page.goto(pitot.baseUrl + new URL(link!).pathname + new URL(link!).search + new URL(link!).hash);
    await page.getByLabel('Your name').fill(ACCOUNT.name);
    await page.getByLabel('E-mail address').fill(ACCOUNT.email);
    await page.getByRole('textbox', { name: 'Password' }).fill(ACCOUNT.password);
    await page.getByRole('button', { name: 'Create the administrator' }).click();
    await page.getByTestId('sentence').waitFor();

    await page.getByRole('button', { name: 'Account of Ada' }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
    await page.waitForURL('**/login*');
    await page.goto('/settings/status');
    await page.waitForURL(/\/login\?next=/);
    await page.getByLabel('E-mail address').fill(ACCOUNT.email);
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').getByText('password is wrong').waitFor();
    await page.getByRole('textbox', { name: 'Password' }).fill(ACCOUNT.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL('**/settings/status');
    await page.getByText('limits.active_series', { exact: true }).waitFor();
    // Refused requests are reported by the browser itself.
    expect(complaints.filter((text) => !/40[13]/.test(text))).toEqual([]);
  });
});
