// Keeps a page up to date: progress as it comes, and the rest of it whenever something has turned. Without scripts "Refresh"
// does the same.
const live = document.getElementById('live')
const told = document.getElementById('told')

if (live !== null) {
  const events = new EventSource(live.dataset.events)
  let turns
  events.addEventListener('message', ({ data }) => {
    const state = JSON.parse(data)
    const hasTurned = turns !== undefined && turns !== state.turns
    turns = state.turns
    showProgress(state.runs ?? [])
    if (hasTurned) void renew(state.told)
  })
  // The session has ended, or the server has: what is shown stays.
  events.addEventListener('error', () => events.close())
  window.addEventListener('pagehide', () => events.close())
}

function showProgress(runs) {
  for (const place of live.querySelectorAll('[data-progress]')) {
    const run = runs.find(({ provider }) => provider === place.dataset.progress)
    place.textContent = run === undefined ? '' : run.progress
  }
}

async function renew(text) {
  const isInUse = live.contains(document.activeElement) || live.querySelector('details[open]') !== null
  told.textContent = text
  if (isInUse) return
  const answer = await fetch(live.dataset.page, { headers: { accept: 'text/html' } })
  if (!answer.ok || answer.redirected) return
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const fresh = page.getElementById('live')
  if (fresh === null) return
  live.replaceChildren(...fresh.childNodes)
  document.title = page.title
}
