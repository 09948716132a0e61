// Package template has the texts of messages, and fills them in. The texts are files,
// texts/KIND/LOCALE.txt and .html for a mail, whose first line of the former is the subject,
// and texts/KIND/short.LOCALE.txt for the other channels.
package template

import (
	"embed"
	"errors"
	htmltemplate "html/template"
	"io/fs"
	"strings"
	texttemplate "text/template"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/notification"
)

//go:embed texts
var texts embed.FS

// Locales are the languages that have every text. The first is that of people whose
// language has none.
var Locales = []string{"en", "de"}

// Values are what a text may use.
type Values struct {
	notification.Facts

	// Subject is the order or the account that the message is about.
	Subject string
	Name    string
	Token   string
	// Invoice is the address of the order's invoice; empty: the recipient cannot open it.
	Invoice string
}

// Text is a message that is filled in. HTML may be empty.
type Text struct{ Subject, Body, HTML string }

// Templates fills in the texts of a folder.
type Templates struct {
	plain map[string]*texttemplate.Template // by KIND/LOCALE
	html  map[string]*htmltemplate.Template
}

// New returns the templates of the platform.
func New() *Templates {
	sub, err := fs.Sub(texts, "texts")
	if err == nil {
		var t *Templates
		if t, err = Parse(sub); err == nil {
			return t
		}
	}
	panic(err) // the texts are embedded, and a test reads them
}

// Parse reads the texts of a folder.
func Parse(folder fs.FS) (*Templates, error) {
	t := &Templates{map[string]*texttemplate.Template{}, map[string]*htmltemplate.Template{}}
	layout, err := htmltemplate.New("layout.html").Funcs(functions).ParseFS(folder, "layout.html")
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(folder, "*/*.*")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		content, err := fs.ReadFile(folder, file)
		if err != nil {
			return nil, err
		}
		name, isHTML := strings.CutSuffix(file, ".html")
		if isHTML {
			t.html[name], err = parseHTML(layout, string(content))
		} else {
			name = strings.TrimSuffix(file, ".txt")
			t.plain[name], err = texttemplate.New(file).Funcs(functions).Option("missingkey=error").Parse(string(content))
		}
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

func parseHTML(layout *htmltemplate.Template, content string) (*htmltemplate.Template, error) {
	own, err := layout.Clone()
	if err != nil {
		return nil, err
	}
	if _, err := own.New("content").Parse(content); err != nil {
		return nil, err
	}
	return own, nil
}

// Render fills in the text of a kind in the language that is nearest to locale: its own, that
// without the region, the first of [Locales]. A text that cannot be filled in is a bug.
func (t *Templates) Render(kind notification.Kind, c notification.Channel, locale string, v Values) (out Text, used string, err error) {
	language, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(locale), "_", "-"), "-")
	for _, used = range []string{strings.ToLower(locale), language, Locales[0]} {
		name := file(kind, c, used)
		if plain := t.plain[name]; plain != nil {
			out, err = fill(plain, t.html[name], v)
			return out, used, err
		}
	}
	return out, "", fault.Errorf(fault.Bug, fault.Internal, "there is no text of %s", kind)
}

// Has reports whether there are all texts of a kind for a channel in a language.
func (t *Templates) Has(kind notification.Kind, c notification.Channel, locale string) bool {
	name := file(kind, c, locale)
	return t.plain[name] != nil && (t.html[name] != nil || c != notification.Email)
}

// file returns the name of the texts of a kind for a channel in a language.
func file(kind notification.Kind, c notification.Channel, locale string) string {
	if c != notification.Email {
		locale = "short." + locale
	}
	return string(kind) + "/" + locale
}

func fill(plain *texttemplate.Template, html *htmltemplate.Template, v Values) (Text, error) {
	var body, page strings.Builder
	err := plain.Execute(&body, v)
	if html != nil {
		err = errors.Join(err, html.Execute(&page, v))
	}
	if err != nil {
		return Text{}, fault.Errorf(fault.Bug, fault.Internal, "fill in %s: %w", plain.Name(), err)
	}
	subject, rest, _ := strings.Cut(body.String(), "\n")
	return Text{Subject: strings.TrimSpace(subject), Body: strings.TrimLeft(rest, "\n"), HTML: page.String()}, nil
}
