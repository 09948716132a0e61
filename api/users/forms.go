package users

import (
	"context"
	"reflect"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/services/user"
)

// Forms adds how the bodies of the operations are read to all.
func Forms(spec *openapi3.T, all body.Binder) error {
	for name, f := range map[string]struct {
		of   reflect.Type
		form body.Form
	}{
		"Registration":     {reflect.TypeFor[*contract.Registration](), body.Form{Rules: address}},
		"MailToken":        {reflect.TypeFor[*contract.MailToken](), body.Form{}},
		"LogIn":            {reflect.TypeFor[*contract.LogIn](), body.Form{}}, // any address is answered alike
		"RefreshSession":   {reflect.TypeFor[*contract.RefreshSession](), body.Form{Optional: true}},
		"ChangeMe":         {reflect.TypeFor[*contract.ChangeMe](), body.Form{Rules: newAddress}},
		"EraseMe":          {reflect.TypeFor[*contract.EraseMe](), body.Form{}},
		"ChangePassword":   {reflect.TypeFor[*contract.ChangePassword](), body.Form{}},
		"AskPasswordReset": {reflect.TypeFor[*contract.AskPasswordReset](), body.Form{Rules: address}},
		"ResetPassword":    {reflect.TypeFor[*contract.ResetPassword](), body.Form{}},
		"AccountAddress":   {reflect.TypeFor[*contract.AccountAddress](), body.Form{}},
		"Preferences":      {reflect.TypeFor[*contract.Preferences](), body.Form{}},
	} {
		var err error
		if f.form.Schema, err = contract.Schema(spec, name); err != nil {
			return err
		}
		all[f.of] = f.form
	}
	return nil
}

// address refuses an email that is no address.
func address(_ context.Context, value any) []contract.FieldError {
	object, _ := value.(map[string]any)
	email, ok := object["email"].(string)
	if !ok {
		return nil // the schema has reported it
	}
	if _, err := user.Address(email); err != nil {
		return []contract.FieldError{problem.Field("/email", problem.FieldNotAllowed, "must look like name@example.com")}
	}
	return nil
}

// newAddress requires a password with a new email, and only with that.
func newAddress(ctx context.Context, value any) []contract.FieldError {
	object, _ := value.(map[string]any)
	_, email := object["email"]
	_, password := object["password"]
	found := address(ctx, value)
	switch {
	case email && !password:
		found = append(found, problem.Field("/password", problem.FieldRequired, "is missing; a new email needs it"))
	case password && !email:
		found = append(found, problem.Field("/password", problem.FieldNotAllowed, "belongs to a new email; a password is changed at /v1/me/password"))
	}
	return found
}
