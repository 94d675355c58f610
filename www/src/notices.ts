/** What the shopper is told. Errors and warnings interrupt a screen reader, the rest waits its turn. */

import { describe, type Notice } from 'payonce';
import { byId, h } from './dom';
import { locale } from './language';

/** Shows the notices; the texts come from payonce's catalogue. */
export function noticeBoard(): { render(notices: readonly Notice[]): void } {
  const alerts = byId('alerts');
  const statuses = byId('statuses');
  let shown: readonly Notice[] = [];
  let shownIn = locale();
  return {
    render(notices) {
      // The same array until something changed: what was said is not said again.
      if (notices === shown && locale() === shownIn) return;
      shown = notices;
      shownIn = locale();
      const urgent = (notice: Notice): boolean => notice.severity === 'error' || notice.severity === 'warning';
      alerts.replaceChildren(...notices.filter(urgent).map(card));
      statuses.replaceChildren(...notices.filter((notice) => !urgent(notice)).map(card));
      byId('notice-codes').replaceChildren(
        ...(notices.length === 0
          ? [h('li', { class: 'none' }, 'none')]
          : notices.map(({ code, severity }) => h('li', { class: severity }, h('code', {}, code)))),
      );
    },
  };
}

function card(notice: Notice): HTMLElement {
  const { severity, code } = notice;
  return h(
    'p',
    { class: `notice ${severity}`, 'data-code': code, lang: locale().language },
    describe(notice, locale()),
  );
}
