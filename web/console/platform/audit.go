package platform

import (
	"github.com/amends/amends/web/console/batch"
	"github.com/amends/amends/web/console/visit"
)

// auditData fills in the list of requests.
type auditData struct {
	Notes   []visit.Note
	Batches []batch.Batch
}

// Audit answers with the list of requests.
func Audit(v *visit.Visit) error {
	return v.Show("audit", "Audit", auditData{v.Journal.Newest(), v.Batches.All()})
}
