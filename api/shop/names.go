package shop

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/api/gather"
	"github.com/amends/amends/fault"
)

// atATime is how many products of one order are asked for at a time.
const atATime = 16

// Names returns the names of products by SKU, without those that the catalog does not
// have. It fails as a whole if one question does.
func (r *Reader) Names(ctx context.Context, skus []string) (map[string]string, error) {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(atATime)
	var mu sync.Mutex
	names := map[string]string{}
	for _, sku := range skus {
		all.Go(gather.Guard(func() error {
			p, err := r.Product(ctx, sku)
			switch {
			case fault.CodeOf(err) == fault.NotFound:
				return nil
			case err != nil:
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			names[sku] = p.Name
			return nil
		}))
	}
	return names, all.Wait()
}
