package sls

// checkGroup walks one whole serialized LogGroup and returns its view, or where it is malformed. base is the offset
// that errors count from.
func checkGroup(b []byte, base int) (Group, error) {
	g := Group{raw: b}
	for i := 0; i < len(b); {
		f, err := readField(b, i)
		if err != nil {
			return Group{}, &DecodeError{base + i, "LogGroup", err}
		}
		at := base + f.next - len(f.data)
		if isGroupField(f.num) && f.typ != wireBytes {
			return Group{}, &DecodeError{base + i, "LogGroup", errWireType}
		}
		switch f.num {
		case groupLogs:
			if err := checkLog(f.data, at); err != nil {
				return Group{}, err
			}
			g.logs++
		case groupTags:
			if err := checkPair(f.data, at, "LogTag"); err != nil {
				return Group{}, err
			}
		case groupTopic:
			g.topic = f.data
		case groupSource:
			g.source = f.data
		}
		i = f.next
	}
	return g, nil
}

func checkLog(b []byte, base int) error {
	timed := false
	for i := 0; i < len(b); {
		if b[i] == logContents<<3|wireBytes {
			if data, next := cut(b, i+1); next > 0 {
				if _, _, ok := splitPair(data); ok {
					i = next
					continue
				}
			}
		}
		f, err := readField(b, i)
		if err != nil {
			return &DecodeError{base + i, "Log", err}
		}
		switch f.num {
		case logContents:
			if f.typ != wireBytes {
				return &DecodeError{base + i, "Log", errWireType}
			}
			if err := checkPair(f.data, base+f.next-len(f.data), "Content"); err != nil {
				return err
			}
		case logTime:
			if err := checkTime(f); err != nil {
				return &DecodeError{base + i, "Log", err}
			}
			timed = true
		case logTimeNS:
			if f.typ != wireFixed32 {
				return &DecodeError{base + i, "Log", errWireType}
			}
		}
		i = f.next
	}
	if !timed {
		return &DecodeError{base, "Log", errRequired}
	}
	return nil
}

// isGroupField tells whether a field of LogGroup is one of those that are length-delimited.
func isGroupField(num int) bool { return num >= groupLogs && num <= groupTags }

func checkTime(f field) error {
	if f.typ != wireVarint {
		return errWireType
	}
	if f.val > 1<<32-1 {
		return errTime
	}
	return nil
}

func checkPair(b []byte, base int, in string) error {
	key, value := false, false
	for i := 0; i < len(b); {
		f, err := readField(b, i)
		if err != nil {
			return &DecodeError{base + i, in, err}
		}
		if f.num == pairKey || f.num == pairValue {
			if f.typ != wireBytes {
				return &DecodeError{base + i, in, errWireType}
			}
			key, value = key || f.num == pairKey, value || f.num == pairValue
		}
		i = f.next
	}
	if !key || !value {
		return &DecodeError{base, in, errRequired}
	}
	return nil
}
