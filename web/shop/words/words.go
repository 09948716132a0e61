// Package words has the texts of the shop's pages in each language, and the words of a customer
// for the states of an order. The texts are files, texts/LANGUAGE.txt, with a line for each:
// its name, a colon, and the text.
package words

import (
	"embed"
	"fmt"
	"strings"

	"github.com/amends/amends/api/page"
)

//go:embed texts
var files embed.FS

// Words are the texts and formats of one language. They are safe for concurrent use.
type Words struct {
	page.Format

	// Lang is the language's tag.
	Lang  string
	texts map[string]string
}

// all are the words of [page.Languages].
var all = func() (all []*Words) {
	for i, tag := range page.Languages {
		content, err := files.ReadFile("texts/" + tag.String() + ".txt")
		if err != nil {
			panic(err) // it is embedded
		}
		all = append(all, &Words{page.Formats[i], tag.String(), parse(string(content))})
	}
	return all
}()

func parse(content string) map[string]string {
	texts := map[string]string{}
	for line := range strings.Lines(content) {
		if name, text, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(name, "#") {
			texts[name] = text
		}
	}
	return texts
}

// In returns the words of the language that a reader prefers. Each of wanted is a language or an
// Accept-Language, the strongest wish first; an empty one is none.
func In(wanted ...string) *Words { return all[page.Language(wanted...)] }

// Text returns a text with its arguments filled in. It panics if there is none of that name:
// a template is wrong, and a test renders every page.
func (w *Words) Text(name string, args ...any) string {
	text, ok := w.texts[name]
	if !ok {
		panic("words: there is no text " + name)
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// Of returns the text of a code that a group has a text for, or that of the group's "other".
// Contracts may get more codes.
func (w *Words) Of(group, code string) string {
	if text, ok := w.texts[group+"."+strings.ToLower(code)]; ok {
		return text
	}
	return w.Text(group + ".other")
}
