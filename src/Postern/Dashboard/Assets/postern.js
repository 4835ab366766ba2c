// The little that a page does by itself: colours, copying, tool tips, keys. Everything else is drawn by the relay.
(() => {
  'use strict';
  const root = document.documentElement;
  const stored = () => { try { return localStorage.getItem('postern-theme'); } catch { return null; } };
  const wanted = () => { const t = stored(); return t === 'light' || t === 'dark' ? t : 'auto'; };

  function showTheme() {
    const theme = wanted();
    if (theme === 'auto') root.removeAttribute('data-theme'); else root.setAttribute('data-theme', theme);
  }
  // What is pressed is told by the root's attribute alone: the buttons are drawn anew by the relay, which does not know.
  function markTheme() {
    root.setAttribute('data-chosen', wanted());
    for (const button of document.querySelectorAll('[data-theme-set]')) button.setAttribute('aria-pressed', String(button.dataset.themeSet === wanted()));
  }
  // Before the first paint, so that the page does not flash.
  showTheme();
  root.setAttribute('data-chosen', wanted());

  function setTheme(theme) {
    try { if (theme === 'auto') localStorage.removeItem('postern-theme'); else localStorage.setItem('postern-theme', theme); } catch { /* a private window forgets it */ }
    showTheme();
    markTheme();
  }

  async function copy(button) {
    const text = button.dataset.copy;
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Only secure pages may use the clipboard; elsewhere the old way does.
      const area = document.createElement('textarea');
      area.value = text;
      area.className = 'sr';
      document.body.append(area);
      area.select();
      done = document.execCommand('copy');
      area.remove();
      button.focus();
    }
    button.classList.add(done ? 'copied' : 'not-copied');
    setTimeout(() => button.classList.remove('copied', 'not-copied'), 1500);
  }

  // In the capturing phase: before the framework takes a link for a way to another page.
  document.addEventListener('click', event => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    if (target.closest('.skip')) {
      // Not a place to go to but one to be at: the relay need not hear of it.
      event.preventDefault();
      document.getElementById('content').focus();
      return;
    }
    const theme = target.closest('[data-theme-set]');
    if (theme) return setTheme(theme.dataset.themeSet);
    const button = target.closest('[data-copy]');
    if (button) return void copy(button);
    if (target.closest('[data-reload]')) location.reload();
  }, true);

  // Tool tips of charts: what the drawing shows at that place.
  let tip = null;
  function hideTip() { if (tip) tip.hidden = true; }
  document.addEventListener('pointermove', event => {
    const over = event.target instanceof Element ? event.target.closest('[data-tip]') : null;
    if (!over) return hideTip();
    if (!tip || !tip.isConnected) {
      tip = document.createElement('div');
      tip.className = 'tip';
      tip.setAttribute('aria-hidden', 'true');
      document.body.append(tip);
    }
    tip.hidden = false;
    if (tip.textContent !== over.dataset.tip) tip.textContent = over.dataset.tip;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 6)) + 'px';
    tip.style.top = (event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 18) + 'px';
  }, { passive: true });
  document.addEventListener('pointerleave', hideTip);
  document.addEventListener('scroll', hideTip, { passive: true });

  // g then a letter goes to a page, / to the search; never while somebody types.
  const pages = { o: '/', i: '/incidents', m: '/messages', u: '/upstreams', c: '/check', a: '/addresses', e: '/events', f: '/configuration' };
  let waiting = 0;
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = event.target instanceof Element ? event.target : null;
    if (event.key === 'Escape') hideTip();
    if (at && at.closest('input, textarea, select, [contenteditable]')) return;
    if (event.key === '/') {
      const search = document.querySelector('input[type=search]');
      if (search) { event.preventDefault(); search.focus(); }
      return;
    }
    if (event.key === 'g') { waiting = Date.now(); return; }
    if (Date.now() - waiting < 1500 && pages[event.key]) {
      waiting = 0;
      document.querySelector(`nav a[href="${pages[event.key]}"]`)?.click();
    }
  });

  window.postern = { focusHeading: () => document.querySelector('h1')?.focus({ preventScroll: false }) };

  document.addEventListener('DOMContentLoaded', () => {
    markTheme();
    // The menu is drawn anew when the page comes alive.
    new MutationObserver(() => { if (document.querySelector('[data-theme-set]:not([aria-pressed])')) markTheme(); }).observe(document.body, { childList: true, subtree: true });
    const modal = document.getElementById('components-reconnect-modal');
    // A relay that was restarted does not know this page any more: load it anew, once it answers.
    new MutationObserver(() => { if (modal.classList.contains('components-reconnect-rejected')) location.reload(); }).observe(modal, { attributes: true, attributeFilter: ['class'] });
  });
})();
