package users

import (
	"context"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/user"
)

// ListAddresses returns the addresses of the caller's account.
func (h *Handlers) ListAddresses(ctx context.Context, _ contract.ListAddressesRequestObject) (contract.ListAddressesResponseObject, error) {
	all, err := h.service.Deliveries(ctx, caller.From(ctx).Account)
	if err != nil {
		return nil, answered(err)
	}
	out := contract.ListAddresses200JSONResponse{Addresses: []contract.SavedAddress{}}
	for _, d := range all {
		out.Addresses = append(out.Addresses, saved(d))
	}
	return out, nil
}

// AddAddress adds an address.
func (h *Handlers) AddAddress(ctx context.Context, r contract.AddAddressRequestObject) (contract.AddAddressResponseObject, error) {
	d, err := h.put(ctx, "", *r.Body)
	return contract.AddAddress201JSONResponse(d), err
}

// ReplaceAddress replaces an address.
func (h *Handlers) ReplaceAddress(ctx context.Context, r contract.ReplaceAddressRequestObject) (contract.ReplaceAddressResponseObject, error) {
	if !sane(r.Id) {
		return nil, problem.New(fault.NotFound, "There is no such address.")
	}
	d, err := h.put(ctx, r.Id, *r.Body)
	return contract.ReplaceAddress200JSONResponse(d), err
}

func (h *Handlers) put(ctx context.Context, id string, a contract.AccountAddress) (contract.SavedAddress, error) {
	d, err := h.service.PutDelivery(ctx, caller.From(ctx).Account, user.Delivery{
		ID: id, Name: a.Name, Line1: a.Line1, Line2: a.Line2, City: a.City, PostalCode: a.PostalCode, Region: a.Region, Country: a.Country,
	})
	if err != nil {
		return contract.SavedAddress{}, answered(err)
	}
	return saved(d), nil
}

// RemoveAddress removes an address.
func (h *Handlers) RemoveAddress(ctx context.Context, r contract.RemoveAddressRequestObject) (contract.RemoveAddressResponseObject, error) {
	if sane(r.Id) { // else there is none
		if err := h.service.RemoveDelivery(ctx, caller.From(ctx).Account, r.Id); err != nil {
			return nil, answered(err)
		}
	}
	return contract.RemoveAddress204Response{}, nil
}

// saved renders an address.
func saved(d user.Delivery) contract.SavedAddress {
	return contract.SavedAddress{
		Id: d.ID, Name: d.Name, Line1: d.Line1, Line2: optional(d.Line2), City: d.City,
		PostalCode: optional(d.PostalCode), Region: optional(d.Region), Country: d.Country,
	}
}

// optional returns nil for the empty string, which is left out of an answer.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
