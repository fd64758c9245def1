"""What the demo company is made of: master data only, written once, read by the seed.

Each product is (code, Chinese name, English name, purchase price, base reorder level, reorder quantity);
levels and quantities are in pieces, prices in the currency of the supplier that sells it.
"""

from typing import NamedTuple

SHOWCASE: tuple[str, str, int] = ("BLT-M6-20", "EAST", 20)
"""Product, warehouse and quantity of the sale that takes an item below its reorder level."""

SHOWCASE_ON_HAND = 112
"""Pieces of the showcase item on the first day: above its reorder level of 100, below it after one sale."""


class Company(NamedTuple):
    code: str
    name: str
    name_en: str
    currency: str


class Warehouse(NamedTuple):
    code: str
    name: str
    name_en: str
    company: str
    level_percent: int
    """Reorder level here, in percent of the product's base level."""


class Employee(NamedTuple):
    login: str
    name: str
    name_en: str
    company: str
    department: str
    role: str


class Customer(NamedTuple):
    code: str
    name: str
    name_en: str
    company: str
    salesperson: str
    payment_days: int
    credit_limit: str


class Product(NamedTuple):
    code: str
    name: str
    name_en: str
    unit_price: str
    reorder_level: int
    reorder_quantity: int


class Supplier(NamedTuple):
    code: str
    name: str
    name_en: str
    currency: str
    buyer: str
    products: tuple[Product, ...]


COMPANIES = (
    Company("HX01", "苏州恒信紧固件有限公司", "Hengxin Fasteners (Suzhou) Ltd", "CNY"),
    Company("HX02", "成都恒信贸易有限公司", "Hengxin Trading (Chengdu) Ltd", "CNY"),
)

WAREHOUSES = (
    Warehouse("EAST", "华东仓", "East warehouse", "HX01", 100),
    Warehouse("WEST", "西南仓", "West warehouse", "HX02", 60),
    Warehouse("NORTH", "华北仓", "North warehouse", "HX01", 40),
)

EMPLOYEES = (
    Employee("it", "陈志远", "Chen Zhiyuan", "HX01", "it", "it_administrator"),
    Employee("analyst", "林晓雯", "Lin Xiaowen", "HX01", "operations", "analyst"),
    Employee("owner", "周国栋", "Zhou Guodong", "HX01", "management", "owner"),
    Employee("auditor", "许静怡", "Xu Jingyi", "HX01", "audit", "auditor"),
    Employee("buyer", "王建华", "Wang Jianhua", "HX01", "purchasing", "buyer"),
    Employee("buyer2", "刘思敏", "Liu Simin", "HX02", "purchasing", "buyer"),
    Employee("warehouse", "赵铁军", "Zhao Tiejun", "HX01", "warehouse", "warehouse_keeper"),
    Employee("sales", "张雨桐", "Zhang Yutong", "HX01", "sales", "salesperson"),
    Employee("sales2", "何俊杰", "He Junjie", "HX02", "sales", "salesperson"),
    Employee("finance", "孙丽娟", "Sun Lijuan", "HX01", "finance", "accountant"),
    Employee("approver", "黄文博", "Huang Wenbo", "HX01", "management", "approver"),
    Employee("ma.chao", "马超", "Ma Chao", "HX01", "warehouse", "warehouse_keeper"),
    Employee("tang.wei", "唐薇", "Tang Wei", "HX02", "warehouse", "warehouse_keeper"),
    Employee("gao.peng", "高鹏", "Gao Peng", "HX01", "warehouse", "warehouse_keeper"),
    Employee("luo.min", "罗敏", "Luo Min", "HX01", "sales", "salesperson"),
    Employee("deng.kai", "邓凯", "Deng Kai", "HX02", "sales", "salesperson"),
    Employee("xie.fang", "谢芳", "Xie Fang", "HX01", "sales", "sales_lead"),
    Employee("song.yan", "宋妍", "Song Yan", "HX02", "finance", "accountant"),
    Employee("feng.lei", "冯磊", "Feng Lei", "HX01", "production", "planner"),
    Employee("cao.ying", "曹颖", "Cao Ying", "HX01", "quality", "inspector"),
    Employee("pan.hao", "潘浩", "Pan Hao", "HX02", "management", "branch_head"),
    Employee("emily.carter", "艾米莉·卡特", "Emily Carter", "HX01", "sales", "export_salesperson"),
)

CUSTOMERS = (
    Customer("C001", "昆山明远机械有限公司", "Kunshan Mingyuan Machinery", "HX01", "sales", 30, "200000.00"),
    Customer("C002", "无锡华锐自动化", "Wuxi Huarui Automation", "HX01", "sales", 45, "150000.00"),
    Customer(
        "C003", "上海捷成电梯部件", "Shanghai Jiecheng Elevator Parts", "HX01", "sales", 60, "300000.00"
    ),
    Customer("C004", "南京先锋轨道交通", "Nanjing Pioneer Rail", "HX01", "luo.min", 60, "500000.00"),
    Customer("C005", "天津滨海泵业", "Tianjin Binhai Pumps", "HX01", "luo.min", 30, "120000.00"),
    Customer("C006", "北京中科仪器", "Beijing Zhongke Instruments", "HX01", "luo.min", 30, "80000.00"),
    Customer("C007", "青岛海纳船舶", "Qingdao Haina Marine", "HX01", "xie.fang", 45, "260000.00"),
    Customer(
        "C008", "沈阳北方重工配套", "Shenyang Beifang Heavy Industry", "HX01", "xie.fang", 60, "400000.00"
    ),
    Customer(
        "C009", "Brightwell 工具（中国）", "Brightwell Tools (China)", "HX01", "emily.carter", 30, "180000.00"
    ),
    Customer("C010", "成都天府农机", "Chengdu Tianfu Farm Machinery", "HX02", "sales2", 30, "160000.00"),
    Customer(
        "C011", "重庆山城摩托配件", "Chongqing Shancheng Motorcycle Parts", "HX02", "sales2", 45, "220000.00"
    ),
    Customer("C012", "贵阳黔新能源", "Guiyang Qian New Energy", "HX02", "sales2", 60, "350000.00"),
    Customer(
        "C013", "昆明云岭矿山设备", "Kunming Yunling Mining Equipment", "HX02", "deng.kai", 45, "140000.00"
    ),
    Customer("C014", "绵阳科创电子", "Mianyang Kechuang Electronics", "HX02", "deng.kai", 30, "90000.00"),
    Customer(
        "C015", "西安秦川机床服务", "Xi'an Qinchuan Machine Tool Service", "HX02", "deng.kai", 30, "110000.00"
    ),
    Customer("C016", "泸州长江起重", "Luzhou Yangtze Lifting", "HX02", "sales2", 60, "190000.00"),
)

FASTENERS = (
    Product("BLT-M6-20", "M6×20 六角螺栓", "Hex bolt M6×20", "0.35", 100, 200),
    Product("BLT-M8-30", "M8×30 六角螺栓", "Hex bolt M8×30", "0.58", 800, 2000),
    Product("BLT-M10-40", "M10×40 六角螺栓", "Hex bolt M10×40", "1.12", 600, 1500),
    Product("BLT-M12-50", "M12×50 六角螺栓", "Hex bolt M12×50", "1.86", 400, 1000),
    Product("NUT-M6", "M6 六角螺母", "Hex nut M6", "0.085", 2000, 5000),
    Product("NUT-M8", "M8 六角螺母", "Hex nut M8", "0.14", 2000, 5000),
    Product("WSH-M6", "M6 平垫圈", "Flat washer M6", "0.0425", 3000, 8000),
    Product("WSH-M8", "M8 弹簧垫圈", "Spring washer M8", "0.06", 3000, 8000),
)

STANDARD_PARTS = (
    Product("SCR-ST4-16", "ST4.2×16 自攻螺钉", "Self-tapping screw ST4.2×16", "0.07", 4000, 10000),
    Product("SCR-M4-12", "M4×12 内六角螺钉", "Socket head screw M4×12", "0.18", 1500, 4000),
    Product("SCR-M5-16", "M5×16 内六角螺钉", "Socket head screw M5×16", "0.24", 1500, 4000),
    Product("ANC-M10", "M10 膨胀螺栓", "Expansion anchor M10", "1.45", 300, 800),
    Product("ANC-M12", "M12 化学锚栓", "Chemical anchor M12", "6.80", 150, 400),
    Product("RIV-4-10", "4×10 抽芯铆钉", "Blind rivet 4×10", "0.09", 3000, 8000),
    Product("PIN-6-30", "6×30 圆柱销", "Dowel pin 6×30", "0.42", 500, 1200),
    Product("RNG-25", "25 轴用挡圈", "Retaining ring 25", "0.28", 600, 1500),
)

BEARINGS = (
    Product("BRG-6204", "6204 深沟球轴承", "Deep groove ball bearing 6204", "12.50", 120, 300),
    Product("BRG-6205", "6205 深沟球轴承", "Deep groove ball bearing 6205", "14.20", 120, 300),
    Product("BRG-6308", "6308 深沟球轴承", "Deep groove ball bearing 6308", "38.60", 60, 150),
    Product("BRG-30206", "30206 圆锥滚子轴承", "Tapered roller bearing 30206", "32.40", 60, 150),
    Product("BRG-51105", "51105 推力球轴承", "Thrust ball bearing 51105", "18.90", 50, 120),
    Product("BRG-UCP205", "UCP205 带座轴承", "Pillow block bearing UCP205", "46.00", 40, 100),
    Product("LMB-16", "LM16UU 直线轴承", "Linear bearing LM16UU", "9.80", 100, 240),
    Product("GRS-2-400", "2 号锂基润滑脂 400 g", "Lithium grease no. 2, 400 g", "16.50", 80, 200),
)

ALUMINIUM = (
    Product("ALP-2020", "2020 铝型材 4 m", "Aluminium profile 20×20, 4 m", "42.00", 60, 120),
    Product("ALP-3030", "3030 铝型材 4 m", "Aluminium profile 30×30, 4 m", "68.00", 60, 120),
    Product("ALP-4040", "4040 铝型材 4 m", "Aluminium profile 40×40, 4 m", "96.00", 50, 100),
    Product("ALP-4080", "4080 铝型材 4 m", "Aluminium profile 40×80, 4 m", "178.00", 30, 60),
    Product("ALC-30", "30 系列角码", "Angle bracket, series 30", "2.60", 400, 1000),
    Product("ALC-40", "40 系列角码", "Angle bracket, series 40", "3.40", 400, 1000),
    Product("ALN-M6", "M6 T 型螺母", "T-slot nut M6", "0.75", 800, 2000),
    Product("ALE-40", "40 系列端盖", "End cap, series 40", "0.90", 300, 800),
)

ELECTRICAL = (
    Product("CBL-2X15", "RVV 2×1.5 电缆 100 m", "Cable RVV 2×1.5, 100 m", "286.00", 20, 50),
    Product("CBL-4X25", "RVV 4×2.5 电缆 100 m", "Cable RVV 4×2.5, 100 m", "864.00", 10, 25),
    Product("TRM-25", "2.5 mm² 接线端子", "Terminal block 2.5 mm²", "1.35", 800, 2000),
    Product("RLY-24", "24 V 中间继电器", "Relay 24 V", "18.20", 120, 300),
    Product("BRK-C16", "C16 小型断路器", "Circuit breaker C16", "22.80", 100, 240),
    Product("SNS-M12", "M12 接近开关", "Proximity sensor M12", "36.50", 60, 150),
    Product("PSU-24-5", "24 V 5 A 开关电源", "Power supply 24 V 5 A", "78.00", 40, 100),
    Product("LED-22", "22 mm 指示灯", "Indicator light 22 mm", "5.60", 200, 500),
)

SEALS = (
    Product("ORG-20", "20×2.5 丁腈 O 型圈", "O-ring NBR 20×2.5", "0.32", 1000, 3000),
    Product("ORG-50", "50×3.5 氟胶 O 型圈", "O-ring FKM 50×3.5", "2.45", 400, 1000),
    Product("OSL-35", "TC35×52×7 骨架油封", "Oil seal TC35×52×7", "4.10", 200, 500),
    Product("OSL-50", "TC50×72×8 骨架油封", "Oil seal TC50×72×8", "6.30", 150, 400),
    Product("GSK-50", "DN50 石墨垫片", "Graphite gasket DN50", "8.70", 120, 300),
    Product("GSK-100", "DN100 石墨垫片", "Graphite gasket DN100", "15.40", 80, 200),
    Product("TAP-PTFE", "聚四氟乙烯生料带", "PTFE thread tape", "1.20", 500, 1200),
    Product("GLU-243", "243 螺纹锁固胶 50 ml", "Threadlocker 243, 50 ml", "28.00", 60, 150),
)

DRIVES = (
    Product("BLT-A1000", "A1000 三角带", "V-belt A1000", "3.20", 80, 200),
    Product("BLT-HTD5", "HTD 5M 同步带 750", "Timing belt HTD 5M 750", "9.40", 60, 150),
    Product("CPL-25", "25 mm 梅花联轴器", "Jaw coupling 25 mm", "14.75", 40, 100),
    Product("CPL-40", "40 mm 膜片联轴器", "Disc coupling 40 mm", "48.90", 20, 50),
    Product("CHN-08B", "08B 滚子链 5 m", "Roller chain 08B, 5 m", "21.60", 40, 100),
    Product("SPR-08B-20", "08B 20 齿链轮", "Sprocket 08B, 20 teeth", "11.30", 50, 120),
    Product("GMT-200", "200 W 减速电机", "Gear motor 200 W", "126.00", 10, 24),
    Product("CAS-100", "100 mm 脚轮", "Castor 100 mm", "5.85", 120, 300),
)

SAFETY = (
    Product("GLV-L", "丁腈浸胶手套 L", "Nitrile coated gloves L", "4.80", 300, 800),
    Product("GLS-CLR", "防冲击护目镜", "Safety goggles", "9.50", 100, 240),
    Product("HLM-YEL", "黄色安全帽", "Safety helmet, yellow", "24.00", 60, 150),
    Product("MSK-N95", "N95 防护口罩", "N95 respirator", "2.15", 1000, 3000),
    Product("SHO-42", "防砸安全鞋 42 码", "Safety shoes, size 42", "98.00", 30, 80),
    Product("EAR-PLG", "降噪耳塞", "Ear plugs", "0.55", 1000, 3000),
    Product("TAP-WRN", "黄黑警示胶带", "Warning tape, yellow and black", "6.20", 120, 300),
    Product("FAK-STD", "标准急救箱", "First aid kit", "118.00", 15, 40),
)

SUPPLIERS = (
    Supplier("S001", "苏州固力紧固件厂", "Suzhou Guli Fasteners", "CNY", "buyer", FASTENERS),
    Supplier("S002", "宁波海川标准件", "Ningbo Haichuan Standard Parts", "CNY", "buyer", STANDARD_PARTS),
    Supplier("S003", "上海申诚轴承", "Shanghai Shencheng Bearings", "CNY", "buyer", BEARINGS),
    Supplier("S004", "佛山佳铝型材", "Foshan Jialü Aluminium", "CNY", "buyer", ALUMINIUM),
    Supplier("S005", "深圳锐线电气", "Shenzhen Ruixian Electric", "CNY", "buyer2", ELECTRICAL),
    Supplier("S006", "杭州密安密封", "Hangzhou Mi'an Seals", "CNY", "buyer2", SEALS),
    Supplier("S007", "北德传动（上海）", "Nordlager Antriebstechnik GmbH", "EUR", "buyer2", DRIVES),
    Supplier("S008", "广州安护劳保用品", "Guangzhou Anhu Safety Supplies", "CNY", "buyer2", SAFETY),
)

BELOW_LEVEL: dict[tuple[str, str], int] = {
    ("BRG-6308", "EAST"): 41,
    ("ALP-4080", "WEST"): 12,
    ("RLY-24", "NORTH"): 30,
    ("OSL-35", "EAST"): 155,
    ("GMT-200", "EAST"): 6,
}
"""Pieces on hand of the few items that are below their reorder level on the first day."""

OPEN_PURCHASES: tuple[tuple[str, str | None, int, int], ...] = (
    ("BRG-6308", "EAST", 150, 6),
    ("ALP-4080", "WEST", 60, 4),
    ("NUT-M8", "EAST", 5000, 9),
    ("CBL-2X15", "NORTH", 50, 3),
    ("MSK-N95", None, 3000, 5),
    ("CPL-25", "WEST", 100, 8),
)
"""Purchases still on their way: product, warehouse (None: not decided yet), pieces, ordered this many days ago."""
