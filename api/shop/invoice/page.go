package invoice

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strconv"

	"github.com/amends/amends/api/contract"
)

//go:embed page.html page.css
var files embed.FS

var layout = template.Must(template.ParseFS(files, "page.html", "page.css"))

// contentPolicy lets the page have its own style, and nothing else: it runs, loads and
// sends nothing.
var contentPolicy = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// styleHash returns the hash of the style as the page has it.
func styleHash() string {
	var style bytes.Buffer
	if err := layout.ExecuteTemplate(&style, "page.css", nil); err != nil {
		panic(err) // the file is embedded, and has nothing to fill in
	}
	sum := sha256.Sum256(style.Bytes())
	return base64.StdEncoding.EncodeToString(sum[:])
}

// page is an invoice as a page for people. It implements
// [contract.GetInvoiceResponseObject].
type page struct {
	Words   *words
	Invoice contract.Invoice
}

// VisitGetInvoiceResponse writes the page.
func (p page) VisitGetInvoiceResponse(w http.ResponseWriter) error {
	var text bytes.Buffer
	if err := layout.ExecuteTemplate(&text, "page.html", p); err != nil {
		return fmt.Errorf("fill in the page: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", p.Words.Language.String())
	h.Set("Content-Length", strconv.Itoa(text.Len()))
	h.Set("Content-Security-Policy", contentPolicy)
	h.Add("Vary", "Accept-Language")
	w.WriteHeader(http.StatusOK)
	_, err := text.WriteTo(w)
	return err //nolint:wrapcheck // the client left: there is nothing to add
}
