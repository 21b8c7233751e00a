// A picture of a chart, with its title, its marking and what it was built from.
import { session } from '../lib/session.svelte';
import type { Tlp } from '../lib/types';
import { shape } from './shape';

const PAINTED = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-opacity', 'font-family', 'font-size', 'font-weight', 'paint-order', 'stroke-linejoin'];
const [MARGIN, HEAD, FOOT, SHARP] = [16, 54, 40, 2];

function painted(svg: SVGSVGElement): SVGSVGElement {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const [own, copies] = [[...svg.querySelectorAll('*')], [...copy.querySelectorAll('*')]];
  own.forEach((element, at) => {
    const style = getComputedStyle(element);
    // References to patterns of the picture stay as they are written.
    for (const name of PAINTED) {
      if (!(element.getAttribute(name) ?? '').startsWith('url(')) copies[at].setAttribute(name, style.getPropertyValue(name));
    }
    copies[at].removeAttribute('class');
  });
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return copy;
}

async function drawn(svg: SVGSVGElement): Promise<HTMLImageElement> {
  const text = new XMLSerializer().serializeToString(painted(svg));
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
  await image.decode();
  URL.revokeObjectURL(image.src);
  return image;
}

// What the colours of a chart stand for, where they are named beside it.
export interface KeyLine {
  text: string;
  which: number;
}
const KEY_LINE = 20;
const CAPTION = 18;

export async function png(parts: (SVGSVGElement | HTMLCanvasElement)[], title: string, marking: Tlp, words: string[], simulated: boolean, key: KeyLine[] = [], captions: string[] = []): Promise<Blob> {
  const images = await Promise.all(
    parts.map(async (part) => {
      if (part instanceof HTMLCanvasElement) return { image: part, width: part.clientWidth, height: part.clientHeight };
      const image = await drawn(part);
      return { image, width: image.width, height: image.height };
    }),
  );
  const foot = [...words, `Headwater ${session.me?.build ?? ''}`].join(' · ');
  const canvas = document.createElement('canvas');
  const draw = canvas.getContext('2d')!;
  const font = getComputedStyle(document.body).fontFamily;
  const [small, large] = [`400 12px ${font}`, `700 15px ${font}`];
  const wide = (style: string, texts: string[]) => texts.map((text) => ((draw.font = style), draw.measureText(text).width));
  const width = Math.ceil(Math.max(...images.map((image) => image.width), ...wide(large, [title]), ...wide(small, [foot, ...captions])) + 2 * MARGIN);
  const keyTop = HEAD + images.reduce((sum, image) => sum + image.height + MARGIN, captions.length * CAPTION);
  const height = keyTop + key.length * KEY_LINE + FOOT;
  [canvas.width, canvas.height] = [width * SHARP, height * SHARP];
  draw.scale(SHARP, SHARP);
  const style = getComputedStyle(document.documentElement);
  draw.fillStyle = style.getPropertyValue('--surface');
  draw.fillRect(0, 0, width, height);
  for (const [top, tall] of [[0, 22], [height - 22, 22]]) {
    draw.fillStyle = '#000';
    draw.fillRect(0, top, width, tall);
    draw.fillStyle = '#fff';
    draw.font = `700 12px ${font}`;
    draw.fillText(simulated ? `${marking}   SIMULATED DATA` : marking, MARGIN, top + 15);
  }
  draw.fillStyle = style.getPropertyValue('--ink');
  draw.font = large;
  draw.fillText(title, MARGIN, 44);
  let y = HEAD;
  draw.font = small;
  for (const [at, { image, width, height }] of images.entries()) {
    if (captions[at]) draw.fillText(captions[at], MARGIN, (y += CAPTION) - 6);
    draw.drawImage(image, MARGIN, y, width, height);
    y += height + MARGIN;
  }
  for (const [at, { text, which }] of key.entries()) {
    const middle = keyTop + at * KEY_LINE;
    const colour = style.getPropertyValue(which < 5 ? `--id${which + 1}` : '--context1');
    if (which < 5) shape(draw, which, MARGIN + 5, middle, 5, colour, style.getPropertyValue('--surface'));
    else {
      draw.fillStyle = colour;
      draw.fillRect(MARGIN, middle - 1, 10, 2);
    }
    draw.fillStyle = style.getPropertyValue('--ink');
    draw.fillText(text, MARGIN + 18, middle + 4);
  }
  draw.fillText(foot, MARGIN, height - 28);
  return new Promise((done) => canvas.toBlob((blob) => done(blob!), 'image/png'));
}
