package saga

import (
	"fmt"

	"go.temporal.io/sdk/workflow"
)

// host holds the sagas of one workflow, for the handlers, which name a saga by id.
type host struct {
	sagas map[string]*run
	first *run
}

type hostKey struct{}

// Host registers the handlers [QuerySaga], [QueryRepair], [UpdateCancel] and [UpdateRepair] and
// returns the context to run the workflow's sagas with. Call it once, before the
// first blocking call, in a workflow with more than one saga or one that blocks
// before its saga; otherwise [Run] does it. Its error is of a handler that is
// registered already.
func Host(ctx workflow.Context) (workflow.Context, error) {
	h := &host{sagas: map[string]*run{}}
	err := workflow.SetQueryHandlerWithOptions(ctx, QuerySaga, func(id string) (View, error) {
		r, err := h.find(id)
		if err != nil {
			return View{}, err
		}
		return r.view(), nil
	}, workflow.QueryHandlerOptions{Description: "the progress of the saga with this id"})
	if err != nil {
		return nil, fmt.Errorf("register query %s: %w", QuerySaga, err)
	}
	err = workflow.SetUpdateHandlerWithOptions(ctx, UpdateCancel, h.cancel, workflow.UpdateHandlerOptions{
		Validator: h.validateCancel, Description: "decides a saga against, unless it is past its pivot",
	})
	if err != nil {
		return nil, fmt.Errorf("register update %s: %w", UpdateCancel, err)
	}
	err = workflow.SetUpdateHandlerWithOptions(ctx, UpdateRepair, h.repair, workflow.UpdateHandlerOptions{
		Validator: h.validateRepair, Description: "retries a step that needs attention, or gives up on undoing it",
	})
	if err != nil {
		return nil, fmt.Errorf("register update %s: %w", UpdateRepair, err)
	}
	err = workflow.SetQueryHandlerWithOptions(ctx, QueryRepair, h.judge, workflow.QueryHandlerOptions{
		Description: "whether a repair would be made",
	})
	if err != nil {
		return nil, fmt.Errorf("register query %s: %w", QueryRepair, err)
	}
	return workflow.WithValue(ctx, hostKey{}, h), nil
}

// Progress returns the progress of the saga with this id in the workflow of ctx,
// which comes from [Host] or is of a saga's body. The view of a saga that has not
// begun has only its id.
func Progress(ctx workflow.Context, id string) View {
	if h, ok := ctx.Value(hostKey{}).(*host); ok {
		if r, ok := h.sagas[id]; ok {
			return r.view()
		}
	}
	return newView(id, Forward)
}

// hostOf returns the host in ctx, or a new one.
func hostOf(ctx workflow.Context) (workflow.Context, *host, error) {
	if h, ok := ctx.Value(hostKey{}).(*host); ok {
		return ctx, h, nil
	}
	ctx, err := Host(ctx)
	if err != nil {
		return nil, nil, err
	}
	return hostOf(ctx)
}

// early reports whether no saga has begun yet. A cancel that comes with the
// workflow's first task is handled when its handler is registered, before any saga
// can begin.
func (h *host) early() bool { return len(h.sagas) == 0 }

// find returns the saga with this id, the only one for an empty id, or refuses with
// [UnknownSaga].
func (h *host) find(id string) (*run, error) {
	r, ok := h.sagas[id]
	if id == "" && len(h.sagas) == 1 {
		r, ok = h.first, true
	}
	if !ok {
		return nil, refuse(UnknownSaga, "the workflow has no such saga")
	}
	return r, nil
}

func (h *host) add(r *run) error {
	if _, ok := h.sagas[r.o.ID]; ok {
		return fmt.Errorf("saga %q runs twice in one workflow", r.o.ID)
	}
	if h.early() {
		h.first = r
	}
	h.sagas[r.o.ID] = r
	return nil
}
