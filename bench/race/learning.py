"""scikit-learn's models on the tables that come with it: cross-validated losses, the same ones on every call."""

from __future__ import annotations

import functools
import warnings

import numpy as np

from race.space import Space, Task, choice, ordinal, real, whole

FOLDS = 3


def tasks() -> list[Task]:
    plain, conditional = "scikit-learn", "scikit-learn, conditional"
    svm = [
        choice("kernel", "rbf", "poly", "sigmoid"),
        real("C", 1e-3, 1e4, log=True),
        real("gamma", 1e-5, 10, log=True),
        whole("degree", 2, 5, when=[("kernel", ("poly",))]),
        real("coef0", -1, 1, when=[("kernel", ("poly", "sigmoid"))]),
    ]
    boosting = [
        real("learning_rate", 1e-3, 1, log=True),
        whole("max_leaf_nodes", 2, 32, log=True),
        whole("min_samples_leaf", 1, 60, log=True),
        real("l2_regularization", 1e-6, 1e3, log=True),
        real("max_features", 0.1, 1),
    ]
    network = [
        choice("activation", "relu", "tanh", "logistic"),
        choice("solver", "adam", "sgd"),
        real("momentum", 0, 0.99, when=[("solver", ("sgd",))]),
        choice("nesterovs_momentum", False, True, when=[("solver", ("sgd",))]),
        real("beta_1", 0.5, 0.999, when=[("solver", ("adam",))]),
        real("learning_rate_init", 1e-5, 1, log=True),
        real("alpha", 1e-7, 10, log=True),
        ordinal("batch_size", 16, 32, 64, 128),
        whole("hidden_layer_sizes", 4, 64, log=True),
    ]
    neighbours = [
        whole("n_neighbors", 1, 60, log=True),
        choice("weights", "uniform", "distance"),
        real("p", 1, 5),
        choice("scaling", "none", "standard", "robust", "quantile"),
        whole("components", 1, 13),
    ]
    trees = [
        whole("max_depth", 1, 20),
        whole("min_samples_leaf", 1, 60, log=True),
        whole("min_samples_split", 2, 60, log=True),
        real("max_features", 0.05, 1),
        choice("bootstrap", False, True),
        whole("max_leaf_nodes", 4, 200, log=True),
    ]
    regression = [
        choice("kernel", "rbf", "laplacian", "polynomial"),
        real("alpha", 1e-6, 1e3, log=True),
        real("gamma", 1e-6, 10, log=True),
        whole("degree", 1, 5, when=[("kernel", ("polynomial",))]),
    ]
    return [
        _task("svm-digits", conditional, svm, _svm, "digits"),
        _task("boosting-breast", plain, boosting, _boosting, "breast_cancer"),
        _task("network-digits", conditional, network, _network, "digits"),
        _task("neighbours-wine", plain, neighbours, _neighbours, "wine"),
        _task("trees-diabetes", plain, trees, _trees, "diabetes"),
        _task("ridge-diabetes", conditional, regression, _ridge, "diabetes"),
        _task("any-wine", conditional, _any_space(), _any, "wine"),
        _task("any-breast", conditional, _any_space(), _any, "breast_cancer"),
    ]


def _task(name, group, params, make, table) -> Task:
    return Task(f"learn/{name}", group, Space(params), lambda config: loss(make(dict(config)), table))


@functools.cache
def rows(table: str) -> tuple[np.ndarray, np.ndarray]:
    """Standardised inputs, and labels or standardised targets; of large tables a part."""
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{table}")(return_X_y=True)
    few = np.random.default_rng(0).permutation(len(y))[:600]
    X, y = X[few], y[few]
    X = (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1)
    return X, ((y - y.mean()) / y.std() if table == "diabetes" else y)


def loss(model, table: str) -> float:
    """Squared error, log loss, or the rate of errors of models without probabilities; at most 10."""
    from sklearn.model_selection import cross_val_score

    score = "neg_log_loss" if hasattr(model, "predict_proba") else "accuracy"
    score = "neg_mean_squared_error" if table == "diabetes" else score
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = cross_val_score(model, *rows(table), cv=_folds(table), scoring=score, error_score="raise")
        except ValueError:  # a fit that diverged
            return 10.0
    value = (1.0 if score == "accuracy" else 0.0) - float(np.mean(found))
    return min(value, 10.0) if np.isfinite(value) else 10.0


@functools.cache
def _folds(table: str):
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = KFold if table == "diabetes" else StratifiedKFold
    return list(kind(FOLDS, shuffle=True, random_state=0).split(*rows(table)))


# -- models ------------------------------------------------------------------------------------------------------------


def _svm(config):
    from sklearn.svm import SVC

    return SVC(**config, max_iter=2000, random_state=0)


def _boosting(config):
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(**config, max_iter=20, max_bins=32, early_stopping=False, random_state=0)


def _network(config):
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(**config, max_iter=5, random_state=0)


def _neighbours(config):
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer, RobustScaler, StandardScaler

    scaling, components = config.pop("scaling"), config.pop("components")
    scalers = {"standard": StandardScaler(), "robust": RobustScaler(), "quantile": QuantileTransformer(n_quantiles=50)}
    return make_pipeline(scalers.get(scaling, "passthrough"), PCA(components), KNeighborsClassifier(**config))


def _trees(config):
    from sklearn.ensemble import ExtraTreesRegressor

    return ExtraTreesRegressor(**config, n_estimators=15, random_state=0)


def _ridge(config):
    from sklearn.kernel_ridge import KernelRidge

    return KernelRidge(**config)


def _any_space():
    """Which model, and the parameters of that model: combined algorithm selection and hyperparameter optimization."""
    logistic, svm = [("model", ("logistic",))], [("model", ("svm",))]
    forest, near = [("model", ("forest",))], [("model", ("near",))]
    return [
        choice("model", "logistic", "svm", "forest", "near"),
        real("logistic.C", 1e-5, 1e4, log=True, when=logistic),
        choice("svm.kernel", "linear", "rbf", when=svm),
        real("svm.C", 1e-4, 1e4, log=True, when=svm),
        real("svm.gamma", 1e-6, 10, log=True, when=[*svm, ("svm.kernel", ("rbf",))]),
        whole("forest.max_depth", 1, 15, when=forest),
        whole("forest.min_samples_leaf", 1, 30, log=True, when=forest),
        real("forest.max_features", 0.05, 1, when=forest),
        whole("near.n_neighbors", 1, 60, log=True, when=near),
        choice("near.weights", "uniform", "distance", when=near),
    ]


def _any(config):
    """Rates of errors would tie: all four give probabilities."""
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    kind = config.pop("model")
    own = {name.removeprefix(f"{kind}."): value for name, value in config.items()}
    if kind == "logistic":
        return LogisticRegression(**own, max_iter=60)
    if kind == "svm":
        return _with_probabilities(own)
    if kind == "forest":
        return ExtraTreesClassifier(**own, n_estimators=15, random_state=0)
    return KNeighborsClassifier(**own)


def _with_probabilities(config):
    """A support vector machine whose distances are turned into probabilities by a logistic regression."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC

    return CalibratedClassifierCV(SVC(**config, max_iter=2000, random_state=0), cv=2, ensemble=False)
