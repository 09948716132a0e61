package imports

import (
	"context"
	"fmt"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/strangle/monolith"
	"github.com/amends/amends/services/user"
)

// Accounts is the part of the user service that takes accounts of another program.
type Accounts interface {
	Import(ctx context.Context, i user.Imported) (made bool, err error)
	Account(ctx context.Context, id string) (user.Account, error)
}

// Users imports the accounts with the hashes of their passwords. An account that is here stays
// as it is: its owner may have changed it since. One that cannot be made, because another has
// its address, is listed as a difference, and so is one that was erased here: it is to be erased
// there, too.
func Users(ctx context.Context, c *monolith.Client, to Accounts) (Report, error) {
	erased := map[string]bool{}
	write := func(ctx context.Context, items []monolith.User) (n int, err error) {
		for _, u := range items {
			made, err := to.Import(ctx, user.Imported(u))
			switch {
			case fault.CodeOf(err) == user.AddressTaken: // listed by the comparison
			case fault.CodeOf(err) == user.AccountErased:
				erased[u.ID] = true
			case err != nil:
				return n, fmt.Errorf("import account %s: %w", u.ID, err)
			case made:
				n++
			}
		}
		return n, nil
	}
	return each(ctx, c, monolith.Users, write, func(ctx context.Context, theirs monolith.User) (string, error) {
		if erased[theirs.ID] {
			return theirs.ID + ": it was erased here", nil
		}
		have, err := to.Account(ctx, theirs.ID)
		if fault.CodeOf(err) == fault.NotFound {
			return theirs.ID + ": it is not here", nil
		}
		u := unlike{about: theirs.ID}
		u.field("address", theirs.Email, have.Email)
		u.field("name", theirs.Name, have.Name)
		u.field("locale", theirs.Locale, have.Locale)
		return u.found, err
	})
}
