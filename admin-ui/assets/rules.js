// The preview follows what is typed, and groups are suggested from four characters on. Without scripts a button shows the preview.
const form = document.getElementById('rules')
const preview = document.getElementById('preview')
let timer
let isAsking = false
let isStale = false

form.addEventListener('input', () => {
  clearTimeout(timer)
  timer = setTimeout(show, 800)
})

/** One at a time: what was typed meanwhile is asked about afterwards. */
async function show() {
  isStale = isAsking
  if (isAsking) return
  isAsking = true
  preview.setAttribute('aria-busy', 'true')
  try {
    const answer = await fetch(form.dataset.preview, { method: 'POST', body: new URLSearchParams(new FormData(form)) })
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const alert = page.querySelector('main [role="alert"]')
    const found = page.getElementById('preview')
    if (alert) preview.replaceChildren(alert)
    else if (found) preview.replaceChildren(...found.childNodes)
  } catch {
    preview.replaceChildren('The preview is not to be had now. Press Preview.')
  } finally {
    preview.removeAttribute('aria-busy')
    isAsking = false
    if (isStale) void show()
  }
}

for (const name of ['selectedGroups', 'allowUsersInGroups', 'denyUsersInGroups'])
  addSuggestions(document.getElementById(name))

function addSuggestions(lines) {
  const list = document.createElement('datalist')
  list.id = `${lines.id}-suggestions`
  const input = document.createElement('input')
  input.type = 'text'
  input.autocomplete = 'off'
  input.placeholder = 'Add a group: four characters of its name'
  input.setAttribute('list', list.id)
  input.setAttribute('aria-label', `Add to: ${form.querySelector(`label[for="${lines.id}"]`).textContent}`)
  lines.after(input, list)
  let asked = ''
  input.addEventListener('input', (event) => {
    event.stopPropagation()
    const text = input.value.trim()
    if ([...list.options].some(({ value }) => value === text)) take(text)
    else if (text.length >= 4 && text !== asked) void suggest(text)
  })
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    if (input.value.trim() !== '') take(input.value.trim())
  })

  async function suggest(text) {
    asked = text
    const answer = await fetch(`${form.dataset.suggestions}?${new URLSearchParams({ search: text })}`)
    if (!answer.ok || asked !== text) return
    list.replaceChildren(...(await answer.json()).map(({ id, name }) => new Option('', `${name} (${id})`)))
  }

  function take(text) {
    lines.value = `${lines.value.trimEnd()}\n${text}`.trim()
    input.value = ''
    lines.dispatchEvent(new Event('input', { bubbles: true }))
  }
}
