package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/dev/folder"
	"github.com/amends/amends/services/user"
)

// Access is how scripts and people use the demo accounts.
type Access struct {
	// CustomerID is the account of the customer, APIKey its key.
	CustomerID string `json:"customer_id"`
	APIKey     string `json:"api_key"`
	// OperatorToken is an API key of the operator.
	OperatorToken string `json:"operator_token"`
}

// keyName is that of the demo accounts' keys.
const keyName = "demo"

// Read returns the access that [Accounts] has written into a file.
func Read(file string) (a Access, err error) {
	content, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(content, &a)
	}
	if err != nil {
		return Access{}, fmt.Errorf("demo accounts: %s: %w", file, err)
	}
	return a, nil
}

// Accounts makes a customer and an operator, and writes their keys, which it returns, into
// a file that only its owner can read. A repeat changes nothing while the keys of the file are valid;
// otherwise new ones take their place.
func Accounts(ctx context.Context, s user.Service, file string) (a Access, err error) {
	if a, err = Read(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Access{}, err
	}
	before := a
	if a.CustomerID, a.APIKey, err = account(ctx, s, "customer@demo.example", user.Customer, a.APIKey); err != nil {
		return Access{}, err
	}
	if _, a.OperatorToken, err = account(ctx, s, "operator@demo.example", user.Operator, a.OperatorToken); err != nil {
		return Access{}, err
	}
	if a == before {
		return a, nil
	}
	content, err := json.MarshalIndent(a, "", "  ") //nolint:gosec // the file is for its owner
	if err == nil {
		err = folder.Replace(file, append(content, '\n'))
	}
	if err != nil {
		return Access{}, fmt.Errorf("demo accounts: %w", err)
	}
	return a, nil
}

// account makes an account, unless it is there, and a key of it, unless the given one is
// valid.
func account(ctx context.Context, s user.Service, email string, role user.Role, key string) (id, valid string, err error) {
	a, err := s.Find(ctx, email)
	if fault.CodeOf(err) == fault.NotFound {
		a, err = s.Create(ctx, user.Registration{Email: email, Name: "Demo " + string(role), Locale: "en"}, role, author)
	}
	if err != nil {
		return "", "", err
	}
	if i, err := s.CheckKey(ctx, key); err == nil && i.Account == a.ID {
		return a.ID, key, nil
	}
	keys, err := s.Keys(ctx, a.ID)
	if err != nil {
		return "", "", err
	}
	for _, k := range keys {
		if k.Name != keyName {
			continue
		}
		if err := s.RevokeKey(ctx, a.ID, k.ID, author); err != nil {
			return "", "", err
		}
	}
	_, valid, err = s.CreateKey(ctx, user.NewKey{Account: a.ID, Name: keyName, Scopes: role.Scopes(), By: author})
	return a.ID, valid, err
}
