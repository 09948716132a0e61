package batches

import (
	"context"
	"net/http"
	"net/url"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/batch"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// listOf returns where a batch is kept, in the name of the visitor.
func listOf(v *visit.Visit, id string) batch.List {
	if unkept := v.Unkept.As(v.Who.Name); kept(v.Ctx(), unkept, id) {
		return unkept
	}
	return apiList{v}
}

func kept(ctx context.Context, l batch.List, id string) bool {
	_, err := l.Get(ctx, id)
	return err == nil
}

// apiList are the batches that the API keeps, in the name of the visitor.
type apiList struct{ v *visit.Visit }

var _ batch.List = apiList{}

// Get implements [batch.List].
func (l apiList) Get(ctx context.Context, id string) (batch.Batch, error) {
	admin, err := present(ctx, l.v)
	if err != nil {
		return batch.Batch{}, err
	}
	var b contract.Batch
	err = admin.Get(ctx, "/v1/batches/"+url.PathEscape(id), nil, &b)
	return ofContract(b), err //nolint:wrapcheck // a problem
}

// mostNote is the longest text of a note that the API keeps, in characters.
const mostNote = 400

// Add implements [batch.List]. A text that the API refuses, because it looks like personal data,
// is left out: the outcome is worth more.
func (l apiList) Add(ctx context.Context, id string, n batch.Note) (batch.Batch, error) {
	admin, err := present(ctx, l.v)
	if err != nil {
		return batch.Batch{}, err
	}
	in := contract.NoteBatch{State: contract.NoteBatchState(n.State), Order: filled(n.Order), Note: filled(cut(n.Text, mostNote))}
	var b contract.Batch
	path := "/v1/batches/" + url.PathEscape(id) + "/notes"
	err = admin.Post(ctx, path, "", in, &b)
	if in.Note != nil && ask.StatusOf(err) == http.StatusUnprocessableEntity {
		in.Note = nil
		err = admin.Post(ctx, path, "", in, &b)
	}
	return ofContract(b), err //nolint:wrapcheck // a problem
}

// cut returns the first n characters of a text.
func cut(text string, n int) string {
	all := []rune(text)
	return string(all[:min(len(all), n)])
}

// filled returns a text, nil if it is empty.
func filled(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func ofContract(b contract.Batch) batch.Batch {
	out := batch.Batch{ID: b.Id, By: b.By, Action: b.Action, Reason: b.Reason, At: b.CreatedAt, Stopped: b.Stopped, Turn: b.Turn}
	for _, o := range b.Orders {
		out.Items = append(out.Items, batch.Item{Order: o.Id, State: batch.State(o.State), Note: words.Deref(o.Note), By: words.Deref(o.By)})
	}
	return out
}
