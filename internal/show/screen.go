package show

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/mattn/go-isatty"
	"golang.org/x/sys/unix"
)

// Screen is where a command shows its results. The zero Width is that of a file or a pipe.
type Screen struct {
	io.Writer
	// Notes gets sentences about a table that are no part of it: the screen itself if it is
	// a terminal, so that scripts read nothing but the table.
	Notes io.Writer
	// Width is that of the terminal, in characters.
	Width int
	// Color has states shown in colors.
	Color bool
}

// Color says when output has colors.
type Color string

// When output has colors.
const (
	Auto   Color = "auto" // on a terminal, unless NO_COLOR is set
	Always Color = "always"
	Never  Color = "never"
)

// Colors are all values of a [Color].
var Colors = []string{string(Auto), string(Always), string(Never)}

// narrow is the width of a terminal that does not tell it.
const narrow = 80

// On returns the screen of a process's standard output, with its standard error for notes.
func On(out, errs io.Writer, environ []string, color Color) Screen {
	s := Screen{Writer: out, Notes: errs, Width: width(out), Color: color == Always}
	if s.Width == 0 {
		return s
	}
	s.Notes = out
	if color != Never && !refusesColor(environ) {
		s.Color = true
	}
	return s
}

// refusesColor reports whether the environment asks for none: by NO_COLOR, see no-color.org,
// or for a terminal that has none.
func refusesColor(environ []string) bool {
	return slices.ContainsFunc(environ, func(e string) bool {
		return strings.HasPrefix(e, "NO_COLOR=") && e != "NO_COLOR=" || e == "TERM=dumb"
	})
}

// width returns the width of the terminal that w is, 0 if it is none.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !isatty.IsTerminal(f.Fd()) {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return narrow
	}
	return int(size.Col)
}

// Note writes a sentence about what is shown.
func (s Screen) Note(format string, args ...any) error {
	to := s.Notes
	if to == nil {
		to = s.Writer
	}
	if _, err := fmt.Fprintf(to, format+"\n", args...); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// Tables writes the tables that have rows, with an empty line between two.
func (s Screen) Tables(tables ...*Table) error {
	var parts []string
	for _, t := range tables {
		if t.Len() > 0 {
			parts = append(parts, s.text(t)+"\n")
		}
	}
	if _, err := io.WriteString(s, strings.Join(parts, "\n")); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}
