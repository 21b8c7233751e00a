// Circle, square, triangle, diamond, cross: in that order, beside the colours of the same places.
export const SHAPES = ['M5 1a4 4 0 1 0 .01 0Z', 'M1.5 1.5h7v7h-7Z', 'M5 1 9.3 8.8H.7Z', 'M5 .5 9.5 5 5 9.5 .5 5Z', 'M1.5 1.5 8.5 8.5M8.5 1.5 1.5 8.5'];

export function shape(ctx: CanvasRenderingContext2D, which: number, x: number, y: number, r: number, colour: string, seam: string): void {
  ctx.save();
  ctx.translate(x - r, y - r);
  ctx.scale(r / 5, r / 5);
  const path = new Path2D(SHAPES[which]);
  if (which === 4) {
    ctx.lineWidth = 5;
    ctx.strokeStyle = seam;
    ctx.stroke(path);
    ctx.lineWidth = 2.2;
    ctx.strokeStyle = colour;
    ctx.stroke(path);
  } else {
    ctx.lineWidth = 2;
    ctx.strokeStyle = seam;
    ctx.stroke(path);
    ctx.fillStyle = colour;
    ctx.fill(path);
  }
  ctx.restore();
}
