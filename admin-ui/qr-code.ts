import QRCode from 'qrcode'

/** The only markup that a template prints as it is: an SVG image whose one input ends up in its squares. */
export function qrCode(text: string): Promise<string> {
  return QRCode.toString(text, { type: 'svg', margin: 4 })
}
