"""What the parameters of asking, sending and writing look like."""

from __future__ import annotations

from typing import Any

from kernel.text import Localized as L
from workflows.shapes import Shape, shape, shape_choice, shape_list, shape_object, shape_words

INPUT_TYPES = {
    "integer": L("Whole number", "整数"),
    "decimal": L("Number", "数字"),
    "text": L("Text", "文本"),
}
STYLES = {
    "primary": L("Main", "主要"),
    "secondary": L("Plain", "普通"),
    "danger": L("Careful", "谨慎"),
}
SPEC: Shape = {"type": "object", "required": ["type"]}

RECIPIENTS = {
    "recipients": shape_list(L("For whom", "发给谁"), SPEC, editor="recipients", minItems=1),
    "fallback": shape_list(L("If nobody can be reached", "无人可达时"), SPEC, editor="recipients"),
    "channels": shape_list(L("Through", "通过"), {"type": "string"}, editor="channels"),
}
CARD = {
    **RECIPIENTS,
    "title": shape_words(L("Title", "标题"), editor="template"),
    "body": shape_words(L("Text", "正文"), editor="template"),
    "fields": shape_list(
        L("Values on the card", "卡片上的字段"),
        shape_object(
            ("name",),
            name=shape("string", L("Field", "字段")),
            **{"with": shape("string", L("Together with", "并列显示"))},
            label=shape_words(L("Label", "名称")),
            emphasis=shape("boolean", L("Emphasised", "突出显示")),
        ),
        editor="fields",
    ),
    "priority": shape("integer", L("Priority", "优先级"), minimum=0, maximum=9),
}
PRECONDITION = shape("", L("Only if still so", "仅当仍满足"), editor="preconditions")
MATERIAL = shape_list(L("Must not have changed", "不得变化的字段"), {"type": "string"}, editor="names")
BUTTONS = shape_list(
    L("Buttons", "按钮"),
    shape_object(
        ("key",),
        key=shape("string", L("Key", "标识"), pattern="^[A-Za-z0-9_]+$"),
        label=shape_words(L("Label", "名称")),
        style=shape_choice(L("Looks", "样式"), STYLES),
        confirm=shape_words(L("Ask again with", "二次确认文字")),
        replies=shape_list(L("Words that mean it", "对应的快捷回复"), {"type": "string"}),
        inputs=shape_list(
            L("Inputs", "输入项"),
            shape_object(
                ("name",),
                name=shape("string", L("Name", "标识")),
                label=shape_words(L("Label", "名称")),
                type=shape_choice(L("Type", "类型"), INPUT_TYPES),
                value=shape("", L("Prefilled with", "预填"), editor="value"),
                minimum=shape("string", L("At least", "最小")),
                maximum=shape("string", L("At most", "最大")),
            ),
        ),
        then=shape_list(L("What follows", "随后"), {"type": "object"}),
    ),
    editor="buttons",
    minItems=1,
)
SEND: dict[str, Any] = shape_object(("recipients", "title"), **CARD)
ASK: dict[str, Any] = shape_object(
    ("recipients", "title", "buttons"),
    **CARD,
    buttons=BUTTONS,
    expires_seconds=shape("number", L("Can be answered for", "可回答时限"), editor="duration", minimum=1),
    material=MATERIAL,
    precondition=PRECONDITION,
)
CREATE_DOCUMENT: dict[str, Any] = shape_object(
    ("write", "object", "values"),
    write=shape("string", L("Document", "单据"), editor="write"),
    object=shape("string", L("Kind of record", "对象")),
    values=shape("object", L("Values", "字段值"), editor="values"),
    material=MATERIAL,
    precondition=PRECONDITION,
    done=shape_words(L("Says when done", "完成后显示")),
)
