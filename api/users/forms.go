package users

import (
	"context"
	"errors"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/amends/amends/api/body"
	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/services/user"
)

// Forms adds how the bodies of the operations are read to all.
func Forms(spec *openapi3.T, all body.Binder) error {
	return errors.Join(
		body.Add[contract.Registration](all, spec, "Registration", body.Form{Rules: address}),
		body.Add[contract.MailToken](all, spec, "MailToken", body.Form{}),
		body.Add[contract.LogIn](all, spec, "LogIn", body.Form{}), // any address is answered alike
		body.Add[contract.RefreshSession](all, spec, "RefreshSession", body.Form{Optional: true}),
		body.Add[contract.ChangeMe](all, spec, "ChangeMe", body.Form{Rules: newAddress}),
		body.Add[contract.EraseMe](all, spec, "EraseMe", body.Form{}),
		body.Add[contract.ChangePassword](all, spec, "ChangePassword", body.Form{}),
		body.Add[contract.AskPasswordReset](all, spec, "AskPasswordReset", body.Form{Rules: address}),
		body.Add[contract.ResetPassword](all, spec, "ResetPassword", body.Form{}),
		body.Add[contract.AccountAddress](all, spec, "AccountAddress", body.Form{}),
		body.Add[contract.Preferences](all, spec, "Preferences", body.Form{}),
	)
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
