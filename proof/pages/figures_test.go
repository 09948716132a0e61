//go:build whole

package pages_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/bench/report"
	"github.com/amends/amends/proof/dbtest"
)

// document has the figures of this package, each table between the marks of its section.
const document = "../../docs/console.md"

// figures are a table of measurements.
type figures struct {
	section report.Section
	text    strings.Builder
}

// tabulate begins a table. Once the test has passed it is printed, and with -write it replaces the
// one in the document.
func tabulate(t *testing.T, section report.Section, columns ...string) *figures {
	t.Helper()
	f := &figures{section: section}
	f.add(columns...)
	f.add(slices.Repeat([]string{"---"}, len(columns))...)
	t.Cleanup(func() {
		fmt.Println(f.text.String())
		if *write && !t.Failed() {
			require.NoError(t, report.Write(document, f.section, f.text.String()))
		}
	})
	return f
}

// add adds a line.
func (f *figures) add(cells ...string) {
	f.text.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func millis(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

func kilobytes(n int) string { return fmt.Sprintf("%.1f kB", float64(n)/1000) }

// told returns when a service wrote a fact about an order, in the transaction that committed it.
func (p platform) told(t *testing.T, service, fact, order string) (at time.Time) {
	t.Helper()
	db := dbtest.Open(t, "sqlite:"+filepath.Join(p.dir, service+".db"), database.Options{})
	require.NoError(t, db.Raw("SELECT at FROM outbox WHERE type = ? AND key = ? ORDER BY id LIMIT 1", fact, order).Scan(&at).Error)
	require.False(t, at.IsZero(), "%s of %s", fact, order)
	return at
}
