// A button beside each secret that is shown once, and each file of settings. Without scripts they are selected by hand.
for (const secret of document.querySelectorAll('.secret, .script')) {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'quiet compact'
  button.textContent = 'Copy'
  button.addEventListener('click', () => void copy(secret.textContent, button))
  secret.after(button)
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text)
    button.textContent = 'Copied'
  } catch {
    button.textContent = 'Select it and copy'
  }
}
