package visit

import (
	"net/http"
	"strings"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
)

// ErrNone is that of a page that does not exist.
var ErrNone error = &ask.Problem{Problem: contract.Problem{Status: http.StatusNotFound, Code: "NOT_FOUND", Title: "There is no such page"}}

// None answers for all pages that do not exist.
func None(*Visit) error { return ErrNone }

// Refuse returns the problem of a form that asks for something that cannot be.
func Refuse(code, title, detail string) error {
	return &ask.Problem{Problem: contract.Problem{Status: http.StatusUnprocessableEntity, Code: code, Title: title, Detail: &detail}}
}

// Wrong tells a problem with all fields that it names.
func Wrong(err error) string {
	var text strings.Builder
	text.WriteString(err.Error())
	if p, ok := err.(*ask.Problem); ok && p.Errors != nil { //nolint:errorlint // ask returns it so
		for _, f := range *p.Errors {
			text.WriteString(" " + strings.TrimPrefix(f.Pointer, "/") + " " + f.Detail + ".")
		}
	}
	return text.String()
}
