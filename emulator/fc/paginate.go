package fc

import "strconv"

// paginate cuts one page of a list that is sorted by name. nextToken is the first name of the page, so that it is found
// also when that entry has gone.
func paginate[T any](q *apiCall, list []T, name func(T) string) (page []T, next string, err *Error) {
	first := 0
	if token := q.query.Get("nextToken"); token != "" {
		for first < len(list) && name(list[first]) < token {
			first++
		}
	}
	return cut(q, list[first:], name)
}

// paginateFrom is paginate for lists in another order; a token whose entry has gone is refused.
func paginateFrom[T any](q *apiCall, list []T, name func(T) string) (page []T, next string, err *Error) {
	first := 0
	if token := q.query.Get("nextToken"); token != "" {
		for first < len(list) && name(list[first]) != token {
			first++
		}
		if first == len(list) {
			return nil, "", invalid("nextToken is not valid")
		}
	}
	return cut(q, list[first:], name)
}

// cut takes as many entries as the query's limit says: 1–100, by default 20.
func cut[T any](q *apiCall, list []T, name func(T) string) (page []T, next string, err *Error) {
	limit := 20
	if text := q.query.Get("limit"); text != "" {
		n, convErr := strconv.Atoi(text)
		if convErr != nil || n < 1 || n > 100 {
			return nil, "", invalid("limit must be between 1 and 100")
		}
		limit = n
	}
	if len(list) > limit {
		return list[:limit], name(list[limit]), nil
	}
	return list, "", nil
}
