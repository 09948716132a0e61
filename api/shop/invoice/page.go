package invoice

import (
	"embed"
	"net/http"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/page"
)

//go:embed page.html page.css
var files embed.FS

var layout = page.New(files)

// sheet is an invoice as a page for people. It implements
// [contract.GetInvoiceResponseObject].
type sheet struct {
	in      int // a number in [page.Languages]
	Invoice contract.Invoice
}

// Language returns the language of the page.
func (s sheet) Language() string { return page.Languages[s.in].String() }

// Words returns the texts of the page.
func (s sheet) Words() *words { return languages[s.in] }

// VisitGetInvoiceResponse writes the page.
func (s sheet) VisitGetInvoiceResponse(w http.ResponseWriter) error {
	return layout.Write(w, http.StatusOK, s.in, s) //nolint:wrapcheck // it names the operation, or the client left
}
