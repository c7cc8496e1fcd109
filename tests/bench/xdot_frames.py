"""How long xdot takes to redraw a graph; bench-canvas compares.

    python3 xdot_frames.py FILE.xdot WIDTH HEIGHT FRAMES FIT_ZOOM

The same movements as bench-canvas makes, by xdot's own parser and drawing onto
a surface of the same size.  Prints a line: the medians in milliseconds of
panning and zooming, fitted and at 1:1.  Exit status 77: there is no xdot.
"""
import statistics
import sys
import time

try:
    import cairo
    from xdot.dot.parser import XDotParser
except (ImportError, ValueError) as error:
    print(f'{error}', file=sys.stderr)
    sys.exit(77)

PAN = 6, 4      # pixels a frame
ZOOM = 1.03     # a frame


def draw(graph, surface, x, y, zoom):
    """As DotWidget._draw_graph() of xdot 1.2 does."""
    width, height = surface.get_width(), surface.get_height()
    context = cairo.Context(surface)
    context.set_source_rgb(1, 1, 1)
    context.paint()
    left, top = x - width / 2 / zoom, y - height / 2 / zoom
    context.translate(width / 2, height / 2)
    context.scale(zoom, zoom)
    context.translate(-x, -y)
    graph.draw(context, highlight_items=None, bounding=(left, top, left + width / zoom, top + height / zoom))
    surface.flush()


def measure(graph, surface, frames, zoom, zooming):
    x, y = graph.width / 2, graph.height / 2
    taken = []
    for frame in range(frames):
        forth = 1 if frame < frames // 2 else -1
        if zooming:
            zoom *= ZOOM ** forth
        else:
            x += forth * PAN[0] / zoom
            y += forth * PAN[1] / zoom
        start = time.thread_time()
        draw(graph, surface, x, y, zoom)
        taken.append(1000 * (time.thread_time() - start))
    return statistics.median(taken)


def main():
    with open(sys.argv[1], 'rb') as file:
        graph = XDotParser(file.read()).parse()
    width, height, frames = map(int, sys.argv[2:5])
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, width, height)
    print(*(f'{measure(graph, surface, frames, zoom, zooming):.3f}'
            for zoom in (float(sys.argv[5]), 1) for zooming in (False, True)))


if __name__ == '__main__':
    main()
