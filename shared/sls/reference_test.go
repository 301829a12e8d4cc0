package sls

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// schema is the messages of sls.md §2 for the reference implementation.
func schema(t testing.TB) protoreflect.FileDescriptor {
	t.Helper()
	const (
		opt, req, rep   = descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL, descriptorpb.FieldDescriptorProto_LABEL_REQUIRED, descriptorpb.FieldDescriptorProto_LABEL_REPEATED
		str, msg        = descriptorpb.FieldDescriptorProto_TYPE_BYTES, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
		uint32_, fixed_ = descriptorpb.FieldDescriptorProto_TYPE_UINT32, descriptorpb.FieldDescriptorProto_TYPE_FIXED32
	)
	field := func(name string, n int32, label descriptorpb.FieldDescriptorProto_Label, typ descriptorpb.FieldDescriptorProto_Type, of string) *descriptorpb.FieldDescriptorProto {
		f := &descriptorpb.FieldDescriptorProto{Name: &name, Number: &n, Label: &label, Type: &typ}
		if of != "" {
			f.TypeName = proto.String(".sls." + of)
		}
		return f
	}
	message := func(name string, fields ...*descriptorpb.FieldDescriptorProto) *descriptorpb.DescriptorProto {
		return &descriptorpb.DescriptorProto{Name: &name, Field: fields}
	}
	file := &descriptorpb.FileDescriptorProto{
		Name: proto.String("sls.proto"), Package: proto.String("sls"), Syntax: proto.String("proto2"),
		MessageType: []*descriptorpb.DescriptorProto{
			message("Content", field("Key", 1, req, str, ""), field("Value", 2, req, str, "")),
			message("LogTag", field("Key", 1, req, str, ""), field("Value", 2, req, str, "")),
			message("Log", field("Time", 1, req, uint32_, ""), field("Contents", 2, rep, msg, "Content"), field("TimeNs", 4, opt, fixed_, "")),
			message("LogGroup", field("Logs", 1, rep, msg, "Log"), field("Category", 2, opt, str, ""), field("Topic", 3, opt, str, ""),
				field("Source", 4, opt, str, ""), field("MachineUUID", 5, opt, str, ""), field("LogTags", 6, rep, msg, "LogTag")),
			message("LogGroupList", field("LogGroups", 1, rep, msg, "LogGroup")),
		},
	}
	fd, err := protodesc.NewFile(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func get(m protoreflect.Message, name protoreflect.Name) protoreflect.Value {
	return m.Get(m.Descriptor().Fields().ByName(name))
}

func refPairs(l protoreflect.List) [][2]string {
	var out [][2]string
	for i := range l.Len() {
		m := l.Get(i).Message()
		out = append(out, [2]string{string(get(m, "Key").Bytes()), string(get(m, "Value").Bytes())})
	}
	return out
}

func refGroup(m protoreflect.Message) plain {
	p := plain{Topic: string(get(m, "Topic").Bytes()), Source: string(get(m, "Source").Bytes()), Tags: refPairs(get(m, "LogTags").List())}
	logs := get(m, "Logs").List()
	for i := range logs.Len() {
		l := logs.Get(i).Message()
		p.Logs = append(p.Logs, plainLog{Sec: uint32(get(l, "Time").Uint()), NS: uint32(get(l, "TimeNs").Uint()), Fields: refPairs(get(l, "Contents").List())})
	}
	return p
}

// FuzzParseGroup holds the decoder against google.golang.org/protobuf: what we take, it takes and reads the same.
func FuzzParseGroup(f *testing.F) {
	f.Add(vectorGroup(f))
	f.Add([]byte{})
	f.Add([]byte{0x0a, 0x02, 0x08, 0x01, 0x0a, 0x02, 0x0a})
	f.Add([]byte{0x0a, 0x06, 0x08, 0x01, 0x12, 0x02, 0x0a, 0x00})
	f.Add([]byte{0x32, 0x04, 0x0a, 0x00, 0x12, 0x00, 0x38, 0x01})
	f.Add(newWorkload(20_000).groups[0][:2000])
	desc := schema(f).Messages().ByName("LogGroup")
	f.Fuzz(func(t *testing.T, raw []byte) {
		g, err := ParseGroup(raw)
		if err != nil {
			return
		}
		ref := dynamicpb.NewMessage(desc)
		if err := proto.Unmarshal(raw, ref); err != nil {
			t.Fatalf("we take what the reference refuses: %v", err)
		}
		if diff := cmp.Diff(refGroup(ref), copyGroup(g)); diff != "" {
			t.Fatalf("group (-reference +ours):\n%s", diff)
		}
		if g.NumLogs() != len(copyGroup(g).Logs) {
			t.Fatalf("NumLogs = %d", g.NumLogs())
		}
	})
}

// FuzzViews walks views over bytes that were never checked: they end early, and do not panic.
func FuzzViews(f *testing.F) {
	f.Add(vectorGroup(f))
	f.Add([]byte{0x0a, 0xff})
	f.Fuzz(func(_ *testing.T, raw []byte) {
		page := Page{Raw: raw, Count: 1, Next: 2}
		for i, g := range page.Groups() {
			_ = page.CursorOf(i)
			copyGroup(g)
		}
		copyGroup(Group{raw: raw})
	})
}

func TestDecoderAgreesOnTheWorkload(t *testing.T) {
	t.Parallel()
	w := newWorkload(200_000)
	desc := schema(t).Messages().ByName("LogGroup")
	for _, raw := range w.groups {
		g, err := ParseGroup(raw)
		if err != nil {
			t.Fatal(err)
		}
		ref := dynamicpb.NewMessage(desc)
		if err := proto.Unmarshal(raw, ref); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(refGroup(ref), copyGroup(g)); diff != "" {
			t.Fatalf("group (-reference +ours):\n%s", diff)
		}
	}
}
